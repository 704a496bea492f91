import type { Table } from '@lancedb/lancedb';
import type { Field, Schema } from 'apache-arrow';
import pLimit, { type LimitFunction } from 'p-limit';
import pRetry from 'p-retry';
import { parseSpec } from '../../shared/collectionSpec.ts';
import { collectionNotFound } from '../../shared/storeFailure.ts';
import type { CollectionSpec } from '../../vectorStore.ts';
import { exists, isConflict, lanceFailure } from './failures.ts';
import type { LanceFolder } from './folder.ts';
import { metadataField, specKey } from './rowColumns.ts';

/** One collection that is open in this process. */
export interface OpenTable {
  table: Table;
  spec: CollectionSpec;
  /** Columns by name; those of metadata fields come as records bring them. */
  columns: Map<string, Field>;
  /** Writers of one process take turns: Lance would have the later one do its work again. */
  turn: LimitFunction;
  /** Rows written since the table was last compacted. */
  loose: number;
}

const columnsOf = ({ fields }: Schema): Map<string, Field> =>
  new Map(fields.map((field) => [field.name, field]));

/** Waits between tries when another process has committed first, ms. */
const conflictWaits = { retries: 8, minTimeout: 20, maxTimeout: 1_000, randomize: true };

export function createTables(folder: LanceFolder, where: string) {
  const open = new Map<string, Promise<OpenTable>>();

  async function openTable(physical: string): Promise<OpenTable> {
    const connection = await folder.connection();
    if (connection === undefined) throw collectionNotFound(where, physical);
    const table = await connection.openTable(physical);
    const schema = await table.schema();
    const spec = parseSpec(schema.metadata.get(specKey));
    if (spec === undefined) throw collectionNotFound(where, physical);
    return { table, spec, columns: columnsOf(schema), turn: pLimit(1), loose: 0 };
  }

  /** @throws BerthError CollectionNotFound */
  function use(physical: string): Promise<OpenTable> {
    const known = open.get(physical);
    if (known !== undefined) return known;
    const opening = openTable(physical).catch((error) => {
      open.delete(physical);
      throw lanceFailure(error, where, physical);
    });
    open.set(physical, opening);
    return opening;
  }

  function forget(physical: string): void {
    open.delete(physical);
  }

  /** Runs `work` on a collection; what Lance throws comes out as a failure of Berth. */
  async function read<T>(physical: string, work: (one: OpenTable) => Promise<T>): Promise<T> {
    const one = await use(physical);
    try {
      return await work(one);
    } catch (error) {
      const failure = lanceFailure(error, where, physical);
      if (failure.type === 'CollectionNotFound') forget(physical);
      throw failure;
    }
  }

  return {
    use,
    forget,
    read,
    /** As `read`, one after the other in this process, again when another process was first. */
    write: <T>(physical: string, work: (one: OpenTable) => Promise<T>): Promise<T> =>
      read(physical, (one) =>
        one.turn(() =>
          pRetry(() => work(one), {
            ...conflictWaits,
            shouldRetry: ({ error }) => isConflict(error),
          }),
        ),
      ),
    /** Columns as another process may have added them. */
    async refresh(one: OpenTable): Promise<void> {
      const schema = await one.table.schema();
      one.columns = columnsOf(schema);
    },
    /** Adds the columns that a table lacks, empty in the rows that are there. */
    async addColumns(one: OpenTable, names: readonly string[]): Promise<void> {
      while (names.some((name) => !one.columns.has(name))) {
        await this.refresh(one);
        const missing = names.filter((name) => !one.columns.has(name));
        if (missing.length === 0) return;
        try {
          const fields = missing.map(metadataField);
          await one.table.addColumns(fields);
          for (const field of fields) one.columns.set(field.name, field);
        } catch (error) {
          // Another process was first with one of them.
          if (!exists(error)) throw error;
        }
      }
    },
    close(): void {
      for (const opening of open.values()) {
        opening.then(({ table }) => table.close()).catch(() => undefined);
      }
      open.clear();
    },
  };
}
export type Tables = ReturnType<typeof createTables>;
