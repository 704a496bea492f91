import type { StoreStepInput } from '../../workflows/contracts/backfill/activities.ts';
import { formatStoreRef } from '../../workflows/contracts/backfill/request.ts';
import type { BackfillDeps } from './backfillDeps.ts';

/**
 * Drops the collection that a job has made and will not switch to. Only its own, and never one that
 * the alias names. May be repeated.
 * @throws BerthError of the store
 */
export async function abandonCollection(
  { stores, logger }: Pick<BackfillDeps, 'stores' | 'logger'>,
  { jobId, request, target }: StoreStepInput,
): Promise<void> {
  if (target.inPlace) return;
  const store = await stores.use(target.store);
  const { physical } = target;
  const spec = await store.readSpec(physical);
  if (spec?.jobId !== jobId) return;
  if ((await store.resolveAlias(request.collection))?.physical === physical) return;
  await store.dropCollection(physical);
  logger.info({ jobId, store: formatStoreRef(target.store), physical }, 'collection abandoned');
}
