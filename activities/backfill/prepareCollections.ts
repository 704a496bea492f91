import { isDeepStrictEqual } from 'node:util';
import type { PrepareCollectionsInput } from '../../workflows/contracts/backfill/activities.ts';
import type { StoreTarget } from '../../workflows/contracts/backfill/pages.ts';
import {
  type BackfillRequest,
  formatStoreRef,
} from '../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { CollectionSpec, VectorStore } from '../stores/vectorStore.ts';
import type { BackfillDeps } from './backfillDeps.ts';
import { chooseCollection } from './collectionChoice.ts';
import { presentCollections, wantedCollection } from './wantedCollection.ts';

/**
 * Finds the collection of each store that is brought up to date, or makes a new one. May be repeated:
 * what an earlier attempt has made is found again by its job.
 * @throws BerthError InvalidRequest (other sources' records would be lost, or a replay would need a new
 *   collection), DimensionMismatch (the name is taken by another's collection), and of the store
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
      if (!request.rebuild) await refuseToLose(store, previous, request);
      await store.createCollection(physical, spec);
      await store.beginLoad(physical);
    }
    deps.logger.info({ jobId, store: formatStoreRef(ref), physical, inPlace }, 'collection ready');
    targets.push({ store: ref, physical, inPlace, previous });
  }
  return targets;
}

/** Points that are looked at: sources are brought in one after another, so it is no proof. */
const mostLookedAt = 50_000;

/**
 * A new version holds this job's source only: what other sources have brought into the live one would
 * be gone with the switch.
 */
async function refuseToLose(
  store: VectorStore,
  live: string | null,
  { collection, source }: BackfillRequest,
): Promise<void> {
  if (live === null || store.kind === 'noop') return;
  let looked = 0;
  for await (const points of store.scan(live, { vectors: false })) {
    const other = points.find(({ sourceName }) => sourceName !== source.name);
    if (other !== undefined) {
      throw berthError(
        'InvalidRequest',
        `${collection}: needs a new version for this model, splitter and layout, which would lose what ${live} has of source ${other.sourceName}; fill another collection, or say --rebuild`,
      );
    }
    looked += points.length;
    if (looked >= mostLookedAt) return;
  }
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
