import { ActivityFailure, TimeoutFailure } from '@temporalio/workflow';
import type { SearchResult } from '../../contracts/backfill/activities.ts';
import type { SearchCollectionInput } from '../../contracts/backfill/operations.ts';
import { failure } from '../../contracts/errors.ts';
import { searchActivities } from '../activities.ts';
import { whileWarm } from '../whileWarm.ts';

/** One search in one collection, with the model that its vectors are of. */
export async function searchCollectionWorkflow({
  hostId,
  search,
}: SearchCollectionInput): Promise<SearchResult> {
  try {
    return await whileWarm(hostId, () =>
      searchActivities(hostId, search.collection).searchCollection(search),
    );
  } catch (error) {
    if (error instanceof ActivityFailure && error.cause instanceof TimeoutFailure) {
      const message = `${search.collection}: host ${hostId} did not answer the search in time; see berth status`;
      throw failure('StackUnavailable', message);
    }
    throw error;
  }
}
