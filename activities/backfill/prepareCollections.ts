import { isDeepStrictEqual } from 'node:util';
import type {
  PrepareCollectionsInput,
  PreparedTarget,
} from '../../workflows/contracts/backfill/activities.ts';
import {
  type BackfillRequest,
  formatStoreRef,
  type StoreRef,
} from '../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { CollectionSpec, VectorStore } from '../stores/vectorStore.ts';
import type { BackfillDeps } from './backfillDeps.ts';
import { chooseCollection } from './collectionChoice.ts';
import { createSourcePlaces } from './sourcePlaces.ts';
import { presentCollections, wantedCollection } from './wantedCollection.ts';

/**
 * Finds the collection of each store that is brought up to date, or makes a new one. May be repeated:
 * what an earlier attempt has made is found again by its job.
 * @throws BerthError InvalidRequest (other sources' records would be lost or deleted, or a replay would
 *   need a new collection), DimensionMismatch (the name is taken by another's collection), and of the store
 */
export async function prepareCollections(
  deps: Pick<BackfillDeps, 'stores' | 'warmModel' | 'splitter' | 'paths' | 'logger'>,
  input: PrepareCollectionsInput,
): Promise<PreparedTarget[]> {
  const { jobId, request } = input;
  const spec = await wantedCollection(deps, input);
  const chosen = [];
  // Before anything is made: what one store refuses is not to leave a collection in another one.
  for (const ref of request.stores) {
    const store = await deps.stores.use(ref);
    const present = await presentCollections(store, request.collection);
    const choice = chooseCollection(present, request, spec);
    const places = createSourcePlaces(deps.paths, ref, choice.physical);
    const others = choice.inPlace ? await places.others(request.source) : [];
    if (choice.inPlace) refuseToMix(ref, others, request);
    else if (!request.rebuild) await refuseToLose(store, choice.previous, request);
    chosen.push({ ref, store, present, choice, places, others });
  }
  const targets: PreparedTarget[] = [];
  const made: { store: VectorStore; physical: string }[] = [];
  try {
    for (const { ref, store, present, choice, places, others } of chosen) {
      const { physical, inPlace, previous } = choice;
      if (inPlace) {
        await addIndexes(store, physical, present.current?.spec, spec);
      } else {
        made.push({ store, physical });
        await store.createCollection(physical, spec);
        await store.beginLoad(physical);
        await places.clear();
      }
      await places.add(request.source);
      deps.logger.info(
        { jobId, store: formatStoreRef(ref), physical, inPlace },
        'collection ready',
      );
      const notice = noticeOf(ref, others, request);
      targets.push({
        ...{ store: ref, physical, inPlace, previous },
        ...(notice === undefined ? {} : { notice }),
      });
    }
  } catch (error) {
    // They are empty: the next attempt makes them again, and nobody else would know them.
    await dropOwn(deps, jobId, made);
    throw error;
  }
  return targets;
}

async function dropOwn(
  { logger }: Pick<BackfillDeps, 'logger'>,
  jobId: string,
  made: readonly { store: VectorStore; physical: string }[],
): Promise<void> {
  for (const { store, physical } of made) {
    try {
      // One of that name may be another's, which is why it failed.
      if ((await store.readSpec(physical))?.jobId === jobId) await store.dropCollection(physical);
    } catch (error) {
      logger.warn({ physical, error: String(error) }, 'an empty collection was not dropped');
    }
  }
}

/**
 * A corpus that has moved keeps its name, and another file of that name is another corpus: only a
 * person can tell them apart.
 */
function refuseToMix(
  ref: StoreRef,
  others: readonly string[],
  { collection, source, deleteMissing }: BackfillRequest,
): void {
  const last = others.at(-1);
  if (last === undefined || !deleteMissing || source.nameIsDefault === undefined) return;
  throw berthError(
    'InvalidRequest',
    `${collection}: --delete-missing would delete what ${formatStoreRef(ref)} has of source ${source.name} from ${last}; if it has moved to ${source.location}, say --source-name ${source.name}, else give this one another --source-name`,
  );
}

function noticeOf(
  ref: StoreRef,
  others: readonly string[],
  { source }: BackfillRequest,
): string | undefined {
  const last = others.at(-1);
  if (last === undefined || source.nameIsDefault === undefined) return undefined;
  return `${formatStoreRef(ref)} has records of source ${source.name} from ${last} too, and those with the same ids were replaced; if that is another corpus, give each a --source-name`;
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
