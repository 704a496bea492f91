import type { CollectionInfo } from '../../contracts/backfill/activities.ts';
import type { ListCollectionsInput } from '../../contracts/backfill/operations.ts';
import { formatStoreRef } from '../../contracts/backfill/request.ts';
import { backfillActivities } from '../activities.ts';

/** What Berth keeps in some stores. */
export async function listCollectionsWorkflow({
  hostId,
  stores,
}: ListCollectionsInput): Promise<CollectionInfo[]> {
  const summary = stores?.map(formatStoreRef).join(', ') ?? 'own stores';
  return backfillActivities(hostId, summary).listCollections({ stores });
}
