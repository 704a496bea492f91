import type { CollectionSpec } from '../../vectorStore.ts';
import type { Run } from './database.ts';
import { aliasesTable, dataSchema, tableOf } from './names.ts';
import { stateOf } from './postgresFailure.ts';
import { createIndex, dropIndex, loadIndexes } from './table.ts';

/** Beside its vector, what an HNSW graph holds in memory of a row: neighbours of m = 16 and levels. */
const graphBytesPerRow = 800;

/**
 * Builds the indexes that are absent, on a connection without time-outs; of a collection that is
 * being searched, without locking out its writers.
 */
export async function buildIndexes(
  run: Run,
  physical: string,
  spec: CollectionSpec,
): Promise<void> {
  const [state] = await run(
    `SELECT (SELECT count(*) FROM ${tableOf(physical)}) AS rows,
      EXISTS (SELECT FROM ${aliasesTable} WHERE physical = $1) AS live`,
    [physical],
  );
  await giveMemory(run, Number(state?.rows) * (graphBytesPerRow + 4 * spec.embedding.dimensions));
  for (const index of loadIndexes(physical, spec)) {
    // Left by a concurrent build that was broken off.
    const broken = await run(
      `SELECT FROM pg_index JOIN pg_class c ON c.oid = indexrelid
        WHERE c.relname = $1 AND relnamespace = $2::regnamespace AND NOT indisvalid`,
      [index.name, dataSchema],
    );
    if (broken.length > 0) await dropIndex(run, index);
    const build = () => createIndex(run, physical, index, state?.live === true);
    await build().catch(async (error) => {
      // A container's /dev/shm is often too small for what parallel workers share.
      if (stateOf(error) !== '53100' || !/shared memory/.test(String(error))) throw error;
      await dropIndex(run, index);
      await run('SET max_parallel_maintenance_workers = 0');
      await build();
    });
  }
  await run(`ANALYZE ${tableOf(physical)}`);
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
