import { CancellationScope } from '@temporalio/workflow';
import type {
  RollbackCollectionInput,
  RollbackResult,
} from '../../contracts/backfill/operations.ts';
import { formatStoreRef } from '../../contracts/backfill/request.ts';
import { failure } from '../../contracts/errors.ts';
import { backfillActivities } from '../activities.ts';
import { previousVersion } from './previousVersion.ts';

/**
 * Points the alias of a collection at the version before the one it names.
 * @throws ApplicationFailure CollectionNotFound when there is none
 */
export async function rollbackCollectionWorkflow({
  hostId,
  store,
  collection,
}: RollbackCollectionInput): Promise<RollbackResult> {
  const name = formatStoreRef(store);
  const listed = await backfillActivities(hostId, name).listCollections({ stores: [store] });
  const info = listed.find((candidate) => candidate.collection === collection);
  if (info === undefined || info.current === null) {
    const message = `${collection}: no such collection in ${name}; see berth collections`;
    throw failure('CollectionNotFound', message);
  }
  const previous = previousVersion(info);
  if (previous === undefined) {
    const message = `${collection}: ${name} has no version before ${info.current}; run the backfill again instead`;
    throw failure('CollectionNotFound', message);
  }
  const { current: from } = info;
  const to = previous.physical;
  await CancellationScope.nonCancellable(() =>
    backfillActivities(hostId, `${name} → ${to}`).switchAlias({ store, collection, from, to }),
  );
  return { collection, store: name, from, to };
}
