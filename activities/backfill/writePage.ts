import type { WritePageInput, WritePageResult } from '../../workflows/contracts/backfill/pages.ts';
import { formatStoreRef, type StoreRef } from '../../workflows/contracts/backfill/request.ts';
import type { Logger } from '../platform/logging.ts';
import type { Paths } from '../platform/paths.ts';
import { recordFailure } from '../sources/records/recordFailure.ts';
import type { VectorStore } from '../stores/vectorStore.ts';
import { countFailures } from './countFailures.ts';
import { createJobFiles, type JobFiles } from './jobFiles.ts';
import { withPulse } from './pulse.ts';
import { readFormer, withdrawRefused } from './refusedRecords.ts';
import {
  createStoreWriter,
  type Limiter,
  type RetryTimes,
  type StoreWriter,
} from './storeWriter.ts';
import { type WriteTask, writeTasks } from './writeTasks.ts';

export interface WritePageDeps {
  paths: Paths;
  stores: { use(ref: StoreRef): Promise<VectorStore> };
  /** One a store, for all pages that this process writes. */
  limiter(ref: StoreRef): Limiter;
  logger: Logger;
  files?: JobFiles;
  /** Of requests that a store puts off, before the whole activity is tried again. */
  retry?: RetryTimes;
}

export type WritePage = (input: WritePageInput) => Promise<WritePageResult>;

/**
 * Writes one page into one store. A live record whose new version is refused keeps its former one. May be repeated after a kill at any point: where records are compared
 * with what is there, a record's chunk 0 goes last, so that a record that looks complete is.
 * @throws BerthError PageLost, and of the store: StoreUnavailable, StoreThrottled,
 *   CredentialsRefused, CollectionNotFound, DimensionMismatch
 */
export function createWritePage(deps: WritePageDeps): WritePage {
  const files = deps.files ?? createJobFiles(deps.paths);
  return (input) =>
    withPulse(async (pulse) => {
      const started = performance.now();
      const { jobId, target, partition, page, request } = input;
      const key = { partition, page };
      const { dimensions, round, records } = await files.readPage(jobId, key);
      const store = await deps.stores.use(target.store);
      const limits = await store.limits(dimensions);
      const openWriter = () =>
        createStoreWriter({
          store,
          physical: target.physical,
          limits,
          limiter: deps.limiter(target.store),
          retry: deps.retry,
          pulse,
        });
      const writer = openWriter();
      const compare = target.inPlace || round > 0;
      const { tasks, unchanged } = await writeTasks(writer, request.source.name, records, compare);
      const former = target.inPlace ? await readFormer(writer, tasks) : null;
      await write(writer, tasks);
      const refused = await withdrawRefused(writer, tasks, former, openWriter);
      const failures = refused.map(({ record, reason }) => {
        const { id, place, chunks } = record;
        return recordFailure('store-refused', place, reason, chunks[0]?.text ?? '', id);
      });
      const name = formatStoreRef(target.store);
      const ids = refused.map(({ record }) => record.id);
      const own = await files.useLedger(jobId, (ledger) => {
        ledger.setRefused(name, key, ids);
        return ledger.ownFailures(key, name, failures);
      });
      await files.writeDeadLetters(jobId, key, name, failures);
      const done = tasks.filter(({ record }) => !writer.refused().has(record.id));
      const result = {
        written: sum(done, ({ record }) => record.chunks.length),
        unchanged,
        removed: sum(done, ({ stale }) => stale.length),
        failed: countFailures(own),
        throttled: writer.throttled(),
        seconds: (performance.now() - started) / 1000,
      };
      deps.logger.info({ jobId, ...key, store: name, ...result }, 'page written');
      return result;
    });
}

async function write(writer: StoreWriter, tasks: readonly WriteTask[]): Promise<void> {
  await writer.upsert(tasks.flatMap(({ intent }) => intent));
  await writer.upsert(tasks.flatMap(({ body }) => body));
  const taken = tasks.filter(({ record }) => !writer.refused().has(record.id));
  await writer.remove(taken.flatMap(({ stale }) => stale));
  await writer.upsert(tasks.flatMap(({ commit }) => commit));
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
