import type {
  DeletedMissing,
  StoreStepInput,
} from '../../workflows/contracts/backfill/activities.ts';
import { formatStoreRef } from '../../workflows/contracts/backfill/request.ts';
import type { VectorStore } from '../stores/vectorStore.ts';
import type { BackfillDeps } from './backfillDeps.ts';
import { batchIds } from './batches.ts';
import type { Ledger } from './ledger.ts';
import type { Pulse } from './pulse.ts';
import { createSourcePlaces } from './sourcePlaces.ts';

/**
 * Deletes the points of records that the source has no more, of this source only: a collection may
 * hold several. Deletes nothing while some place of the source could not be read as a record, because
 * it may be any of them. May be repeated.
 * @throws BerthError of the store
 */
export async function deleteMissing(
  {
    stores,
    useLedger,
    paths,
    logger,
  }: Pick<BackfillDeps, 'stores' | 'useLedger' | 'paths' | 'logger'>,
  { jobId, request, target, embedding }: StoreStepInput,
  pulse: Pulse,
): Promise<DeletedMissing> {
  // What a job has made anew holds nothing but what it read.
  if (!target.inPlace) return { records: 0, points: 0 };
  const store = await stores.use(target.store);
  return useLedger(jobId, async (ledger) => {
    const unnamed = ledger.unnamedFailures();
    if (unnamed > 0) {
      logger.warn({ jobId, unnamed }, 'nothing deleted: some records could not be told by id');
      const places = unnamed === 1 ? 'one place' : `${unnamed} places`;
      const notice = `${formatStoreRef(target.store)}: nothing was deleted: ${places} of the source could not be read as records with an id, and may be any of what is missing; see the dead letters`;
      return { records: 0, points: 0, notice };
    }
    const { name } = request.source;
    const missing = await findMissing(store, target.physical, name, ledger, pulse);
    const ids = [...missing.keys()];
    for (const batch of batchIds(ids, await store.limits(embedding.dimensions))) {
      pulse.signal.throwIfAborted();
      await store.deletePoints(target.physical, batch);
    }
    await createSourcePlaces(paths, target.store, target.physical).setOnly(request.source);
    const result = { records: new Set(missing.values()).size, points: missing.size };
    logger.info({ jobId, store: formatStoreRef(target.store), ...result }, 'missing deleted');
    return result;
  });
}

/** Record ids by id of their points: found first, because deleting would disturb the scan. */
async function findMissing(
  store: VectorStore,
  physical: string,
  sourceName: string,
  ledger: Ledger,
  { signal, report }: Pulse,
): Promise<Map<string, string>> {
  const missing = new Map<string, string>();
  const total = await store.count(physical);
  let done = 0;
  for await (const points of store.scan(physical, { vectors: false })) {
    signal.throwIfAborted();
    for (const point of points) {
      if (point.sourceName === sourceName && !ledger.inSource(point.recordId)) {
        missing.set(point.id, point.recordId);
      }
    }
    done += points.length;
    report({ done, total });
  }
  return missing;
}
