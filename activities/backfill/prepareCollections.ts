import { isDeepStrictEqual } from 'node:util';
import type { PrepareCollectionsInput } from '../../workflows/contracts/backfill/activities.ts';
import type { StoreTarget } from '../../workflows/contracts/backfill/pages.ts';
import { formatStoreRef } from '../../workflows/contracts/backfill/request.ts';
import type { CollectionSpec, VectorStore } from '../stores/vectorStore.ts';
import type { BackfillDeps } from './backfillDeps.ts';
import { chooseCollection } from './collectionChoice.ts';
import { presentCollections, wantedCollection } from './wantedCollection.ts';

/**
 * Finds the collection of each store that is brought up to date, or makes a new one. May be repeated:
 * what an earlier attempt has made is found again by its job.
 * @throws BerthError InvalidRequest, DimensionMismatch (the name is taken by another's collection), and
 *   of the store
 */
export async function prepareCollections(
  deps: Pick<BackfillDeps, 'stores' | 'warmModel' | 'splitter' | 'logger'>,
  input: PrepareCollectionsInput,
): Promise<StoreTarget[]> {
  const { jobId, request } = input;
  const spec = await wantedCollection(deps, input);
  const targets: StoreTarget[] = [];
  for (const ref of request.stores) {
    const store = await deps.stores.use(ref);
    const present = await presentCollections(store, request.collection);
    const { physical, inPlace, previous } = chooseCollection(present, request, spec);
    if (inPlace) {
      await addIndexes(store, physical, present.current?.spec, spec);
    } else {
      await store.createCollection(physical, spec);
      await store.beginLoad(physical);
    }
    deps.logger.info({ jobId, store: formatStoreRef(ref), physical, inPlace }, 'collection ready');
    targets.push({ store: ref, physical, inPlace, previous });
  }
  return targets;
}

async function addIndexes(
  store: VectorStore,
  physical: string,
  present: CollectionSpec | undefined,
  wanted: CollectionSpec,
): Promise<void> {
  const known = present?.layout.payloadIndexes ?? [];
  for (const index of wanted.layout.payloadIndexes) {
    if (known.some((other) => isDeepStrictEqual(other, index))) continue;
    await store.addPayloadIndex(physical, index);
  }
}
