import type { StoreStepInput } from '../../workflows/contracts/backfill/activities.ts';
import type { BackfillDeps } from './backfillDeps.ts';

/** Builds what was put off while loading. May be repeated. @throws BerthError of the store */
export async function finishLoad(
  { stores }: Pick<BackfillDeps, 'stores'>,
  { target }: StoreStepInput,
): Promise<{ seconds: number }> {
  const started = performance.now();
  const store = await stores.use(target.store);
  await store.finishLoad(target.physical);
  return { seconds: (performance.now() - started) / 1000 };
}
