import { isAbsolute } from 'node:path';
import pLimit from 'p-limit';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { checkPoints, checkQuery } from '../shared/checkPoints.ts';
import { checkLayout, requireSameSpec, specText } from '../shared/collectionSpec.ts';
import { filterClauses } from '../shared/filters.ts';
import type {
  OpenStore,
  StoreCapabilities,
  StoredCollection,
  StoreLimits,
  VectorStore,
} from '../vectorStore.ts';
import { createAliasFiles } from './lancedb/aliasFiles.ts';
import { exists, lanceFailure } from './lancedb/failures.ts';
import { openFolder } from './lancedb/folder.ts';
import {
  buildVectorIndex,
  compact,
  createScalarIndexes,
  indexColumn,
  indexFromRows,
  layoutColumns,
} from './lancedb/indexes.ts';
import { mergeRows, namesOf } from './lancedb/merge.ts';
import { columnName, indexedType, tableSchema } from './lancedb/rowColumns.ts';
import { fromRow, pointColumns, type Row, toRow } from './lancedb/rows.ts';
import { searchTable } from './lancedb/search.ts';
import { createTables } from './lancedb/tables.ts';
import { idPredicate, toPredicate } from './lancedb/where.ts';

const capabilities: StoreCapabilities = {
  hybrid: 'native',
  aliases: 'pointer',
  payloadIndexes: true,
  tenants: true,
  quantization: ['none', 'scalar', 'binary'],
  bulkLoad: true,
  exactSearch: true,
  maxDimensions: 65_536,
};

/** Each write makes a version and a fragment of its own: few and large ones. */
const limits: StoreLimits = { bestBatch: 2_000, maxBatch: 20_000, parallel: 1 };

/** Loose rows after which a table is compacted while it is being filled. */
const compactAfter = 100_000;

const scanPage = 1_000;

export interface LanceOptions {
  /** Folder, absolute. */
  folder: string;
  /** Rows from which vectors get an index; default indexFromRows. */
  indexFrom?: number;
}

/** LanceDB in a folder of this machine, in process; several processes may use the folder at once. */
export const openLancedbStore: OpenStore = async ({ url, stackUrl }) => {
  const folder = url ?? stackUrl;
  if (folder === null || !isAbsolute(folder)) {
    throw berthError(
      'InvalidRequest',
      `store lancedb=${folder ?? ''}: expected the absolute path of a folder`,
    );
  }
  return openLanceFolder({ folder });
};

export async function openLanceFolder(options: LanceOptions): Promise<VectorStore> {
  const { folder, indexFrom = indexFromRows } = options;
  const where = `lancedb=${folder}`;
  const place = await openFolder(folder, where);
  const tables = createTables(place, where);
  const aliases = createAliasFiles(folder);
  const aliasTurn = pLimit(1);

  const store: VectorStore = {
    kind: 'lancedb',
    capabilities,
    limits: async () => limits,

    async createCollection(physical, spec) {
      checkLayout(where, capabilities, spec);
      const connection = await place.make();
      const columns = layoutColumns(spec.layout);
      const schema = tableSchema(spec.embedding.dimensions, specText(spec), columns);
      try {
        await connection.createEmptyTable(physical, schema);
        tables.forget(physical);
      } catch (error) {
        if (!exists(error)) throw lanceFailure(error, where, physical);
        requireSameSpec(where, physical, await store.readSpec(physical), spec);
      }
      await tables.write(physical, ({ table }) => createScalarIndexes(table, spec));
    },

    async readSpec(physical) {
      try {
        // Not from memory: another process may have dropped it and made another one of its name.
        tables.forget(physical);
        return (await tables.use(physical)).spec;
      } catch (error) {
        const failure = lanceFailure(error, where, physical);
        if (failure.type === 'CollectionNotFound') return undefined;
        throw failure;
      }
    },

    async listCollections(collection) {
      const found: StoredCollection[] = [];
      const connection = await place.connection();
      if (connection === undefined) return found;
      let startAfter: string | undefined;
      for (;;) {
        const names = await connection.tableNames({
          limit: 100,
          ...(startAfter && { startAfter }),
        });
        for (const physical of names) {
          const spec = await store.readSpec(physical);
          if (spec && (collection === undefined || spec.collection === collection)) {
            found.push({ physical, spec });
          }
        }
        startAfter = names.at(-1);
        if (names.length < 100) return found;
      }
    },

    async dropCollection(physical) {
      const spec = await store.readSpec(physical);
      const connection = await place.connection();
      if (spec === undefined || connection === undefined) return;
      await aliasTurn(() => aliases.forget(spec.collection, physical));
      tables.forget(physical);
      await connection.dropTable(physical).catch((error) => {
        const failure = lanceFailure(error, where, physical);
        if (failure.type !== 'CollectionNotFound') throw failure;
      });
    },

    async upsert(physical, points) {
      await tables.write(physical, async (one) => {
        const { dimensions } = one.spec.embedding;
        const at = `${where}: ${physical}`;
        const rows = checkPoints(at, points, { dimensions, ...limits }).map(toRow);
        if (rows.length === 0) return;
        await tables.addColumns(one, [...namesOf(rows)]);
        await tables.refresh(one);
        await mergeRows(one.table, one.columns.values(), rows);
        one.loose += rows.length;
        if (one.loose < compactAfter) return;
        one.loose = 0;
        await compact(one.table);
      });
    },

    async deletePoints(physical, ids) {
      if (ids.length === 0) return;
      await tables.write(physical, ({ table }) => table.delete(idPredicate(ids)));
    },

    count: (physical) => tables.read(physical, ({ table }) => table.countRows()),

    async readPoints(physical, ids, { vectors }) {
      if (ids.length === 0) return [];
      return tables.read(physical, async ({ table }) => {
        const columns = vectors ? [...pointColumns, 'vector'] : pointColumns;
        const rows: Row[] = await table.query().where(idPredicate(ids)).select(columns).toArray();
        return rows.map(fromRow);
      });
    },

    async *scan(physical, { vectors }) {
      const { table } = await tables.use(physical);
      const columns = vectors ? [...pointColumns, 'vector'] : pointColumns;
      try {
        for await (const batch of table.query().select(columns)) {
          const points = Array.from({ length: batch.numRows }, (_, index) =>
            fromRow(batch.get(index)?.toJSON() as Row),
          );
          for (let at = 0; at < points.length; at += scanPage) {
            yield points.slice(at, at + scanPage);
          }
        }
      } catch (error) {
        throw lanceFailure(error, where, physical);
      }
    },

    search: (physical, query) =>
      tables.read(physical, async (one) => {
        const { embedding, layout } = one.spec;
        const { dimensions } = embedding;
        checkQuery(`${where}: ${physical}`, store, query, { ...layout, dimensions });
        const tenant = { field: layout.tenantField, value: query.tenant };
        const clauses = filterClauses(query.filter, tenant);
        if (clauses.length > 0) await tables.refresh(one);
        const predicate = toPredicate(clauses, one.columns);
        return searchTable(one.table, query, predicate, layout.quantization);
      }),

    async addPayloadIndex(physical, { field, type }) {
      const column = columnName(field, indexedType(type));
      await tables.write(physical, async (one) => {
        await tables.addColumns(one, [column]);
        await indexColumn(one.table, column);
      });
    },

    // Nothing to put off: the vectors' index is built by finishLoad, and only there.
    async beginLoad(physical) {
      await tables.use(physical);
    },

    async finishLoad(physical) {
      await tables.write(physical, async ({ table, spec }) => {
        await compact(table);
        await buildVectorIndex(table, spec, indexFrom);
      });
    },

    switchAlias: (collection, physical) =>
      aliasTurn(async () => {
        if (physical !== null) await tables.use(physical);
        const before = await aliases.read(collection);
        await aliases.write(collection, physical);
        return before ?? null;
      }),

    async resolveAlias(collection) {
      for (let before: string | undefined; ; ) {
        const physical = await aliases.read(collection);
        // Dropped between the two reads: the alias has moved on, or names nothing.
        if (physical === undefined || physical === before) return undefined;
        const spec = await store.readSpec(physical);
        if (spec !== undefined) return { physical, spec };
        before = physical;
      }
    },

    async close() {
      tables.close();
      place.close();
    },
  };
  return store;
}
