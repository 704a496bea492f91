import type { DropOldInput } from '../../workflows/contracts/backfill/activities.ts';
import { formatStoreRef } from '../../workflows/contracts/backfill/request.ts';
import type { BackfillDeps } from './backfillDeps.ts';
import { versionOf } from './collectionChoice.ts';

/**
 * Drops what a rollback should not find after a switch: versions beyond `keepPrevious`, and those
 * between the former and the new one, which a killed job left unfinished or a person rolled back
 * from. Never what the alias names. May be repeated.
 * @throws BerthError of the store
 */
export async function dropOldCollections(
  { stores, logger }: Pick<BackfillDeps, 'stores' | 'logger'>,
  { request, target, keepPrevious }: DropOldInput,
): Promise<{ dropped: string[] }> {
  const { collection } = request;
  const store = await stores.use(target.store);
  const present = (await store.listCollections(collection)).map(({ physical }) => physical);
  const dropped: string[] = [];
  for (const physical of oldVersions(collection, present, target, keepPrevious)) {
    // Each time anew: somebody may roll back meanwhile.
    if ((await store.resolveAlias(collection))?.physical === physical) continue;
    await store.dropCollection(physical);
    dropped.push(physical);
  }
  if (dropped.length > 0) {
    logger.info({ store: formatStoreRef(target.store), dropped }, 'old collections dropped');
  }
  return { dropped };
}

/** Those that go, oldest first. */
export function oldVersions(
  collection: string,
  present: readonly string[],
  { physical, previous }: { physical: string; previous: string | null },
  keepPrevious: number,
): string[] {
  const version = (name: string) => versionOf(collection, name);
  const former = previous === null ? 0 : version(previous);
  const older = present
    .filter((name) => version(name) > 0 && version(name) < version(physical))
    .sort((a, b) => version(a) - version(b));
  const rollbacks = older.filter((name) => version(name) <= former);
  const kept = new Set(keepPrevious > 0 ? rollbacks.slice(-keepPrevious) : []);
  return older.filter((name) => !kept.has(name));
}
