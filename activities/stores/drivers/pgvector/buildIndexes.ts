import { setTimeout as delay } from 'node:timers/promises';
import type { CollectionSpec } from '../../vectorStore.ts';
import type { Run } from './database.ts';
import { aliasesTable, dataSchema, tableOf } from './names.ts';
import { stateOf } from './postgresFailure.ts';
import { createIndex, dropIndex, loadIndexes, type TableIndex } from './table.ts';

/** Beside its vector, what an HNSW graph holds in memory of a row: neighbours of m = 16 and levels. */
const graphBytesPerRow = 800;

/** Of builds of one table; no other user of the database has it by chance. */
const buildLock = 7_239_017;
const pollMs = 1_000;

/**
 * Builds the indexes that are absent, on a connection without time-outs; of a collection that is
 * being searched, without locking out its writers. A second caller waits for the first.
 */
export async function buildIndexes(
  run: Run,
  physical: string,
  spec: CollectionSpec,
): Promise<void> {
  await oneAtATime(run, physical, async () => {
    const [state] = await run(
      `SELECT (SELECT count(*) FROM ${tableOf(physical)}) AS rows,
        EXISTS (SELECT FROM ${aliasesTable} WHERE physical = $1) AS live`,
      [physical],
    );
    await giveMemory(run, Number(state?.rows) * (graphBytesPerRow + 4 * spec.embedding.dimensions));
    for (const index of loadIndexes(physical, spec)) {
      await buildIndex(run, physical, index, state?.live === true);
    }
    await run(`ANALYZE ${tableOf(physical)}`);
  });
}

/** Of a collection that may be being searched and written to; in turn with the other builders. */
export const buildPayloadIndex = (run: Run, physical: string, index: TableIndex): Promise<void> =>
  oneAtATime(run, physical, () => buildIndex(run, physical, index, true));

/** One index, unless it is there and whole. Under the lock: it would drop what another one builds. */
async function buildIndex(
  run: Run,
  physical: string,
  index: TableIndex,
  concurrently: boolean,
): Promise<void> {
  // Left by a concurrent build that was broken off.
  const broken = await run(
    `SELECT FROM pg_index JOIN pg_class c ON c.oid = indexrelid
      WHERE c.relname = $1 AND relnamespace = $2::regnamespace AND NOT indisvalid`,
    [index.name, dataSchema],
  );
  if (broken.length > 0) await dropIndex(run, index, concurrently);
  const build = () => createIndex(run, physical, index, concurrently);
  await build().catch(async (error) => {
    // A container's /dev/shm is often too small for what parallel workers share.
    if (stateOf(error) !== '53100' || !/shared memory/.test(String(error))) throw error;
    await dropIndex(run, index, concurrently);
    await run('SET max_parallel_maintenance_workers = 0');
    await build();
  });
}

/**
 * Asked for again and again: a statement that waited for the lock would itself be waited for by a
 * concurrent build. The lock goes with its connection at the latest.
 */
async function oneAtATime(run: Run, physical: string, work: () => Promise<void>): Promise<void> {
  for (;;) {
    const [row] = await run('SELECT pg_try_advisory_lock($1, hashtext($2)) AS held', [
      buildLock,
      physical,
    ]);
    if (row?.held === true) break;
    await delay(pollMs);
  }
  await work();
  await run('SELECT pg_advisory_unlock_all()');
}

/** A graph that does not fit is built many times slower; never more than a quarter of the machine. */
async function giveMemory(run: Run, bytes: number): Promise<void> {
  await run(
    `SELECT set_config('maintenance_work_mem', greatest(
      pg_size_bytes(current_setting('maintenance_work_mem')),
      least($1::bigint, pg_size_bytes(current_setting('effective_cache_size')) / 4)
    ) / 1024 || 'kB', false)`,
    [Math.ceil(bytes * 1.2)],
  );
}
