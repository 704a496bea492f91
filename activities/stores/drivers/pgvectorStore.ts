import { berthError } from '../../../workflows/contracts/errors.ts';
import { checkPoints, checkQuery } from '../shared/checkPoints.ts';
import { checkLayout, requireSameSpec, specText } from '../shared/collectionSpec.ts';
import { collectionNotFound } from '../shared/storeFailure.ts';
import type {
  CollectionSpec,
  OpenStore,
  StoreCapabilities,
  StoreLimits,
  VectorStore,
} from '../vectorStore.ts';
import { switchAlias } from './pgvector/alias.ts';
import { buildIndexes, buildPayloadIndex } from './pgvector/buildIndexes.ts';
import { openDatabase, type Run } from './pgvector/database.ts';
import { collectionsTable, tableOf } from './pgvector/names.ts';
import { longestIndexed } from './pgvector/nearest.ts';
import * as registry from './pgvector/registry.ts';
import { pointColumns, toPoint, upsertSql, upsertValues } from './pgvector/rows.ts';
import { searchSql } from './pgvector/searchSql.ts';
import {
  createIndex,
  createTableSql,
  dropIndex,
  loadIndexes,
  payloadIndex,
} from './pgvector/table.ts';

const capabilities: StoreCapabilities = {
  hybrid: 'native',
  aliases: 'native',
  payloadIndexes: true,
  tenants: true,
  quantization: ['none', 'half', 'binary'],
  bulkLoad: true,
  exactSearch: true,
  maxDimensions: longestIndexed.binary,
};

const limits: StoreLimits = { bestBatch: 500, maxBatch: 2_000, parallel: 2 };

const scanPage = 1_000;

/** PostgreSQL with pgvector 0.8 or newer, by `pg`; the password comes by PGPASSWORD. */
export const openPgvectorStore: OpenStore = async (options) => {
  const database = openDatabase(options);
  const { where } = database;
  await registry.checkServer(database).catch(async (error) => {
    await database.close();
    throw error;
  });
  let vectorType: number | undefined;

  async function specOf(physical: string): Promise<CollectionSpec> {
    const spec = await registry.readSpec(database, physical);
    if (spec === undefined) throw collectionNotFound(where, physical);
    return spec;
  }

  async function vectorOid(): Promise<number> {
    const [row] = await database.run('read types', `SELECT 'vector'::regtype::oid AS oid`);
    return Number(row?.oid);
  }

  const store: VectorStore = {
    kind: 'pgvector',
    capabilities,
    limits: async () => limits,

    async createCollection(physical, spec) {
      checkLayout(where, capabilities, spec);
      checkIndexable(where, spec);
      await registry.prepareDatabase(database);
      const doing = `create ${physical}`;
      await database.transaction(doing, async (run) => {
        const added = await run(
          `INSERT INTO ${collectionsTable} VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING 1`,
          [physical, spec.collection, specText(spec)],
        );
        if (added.length === 0) return;
        await run(createTableSql(physical, spec));
        for (const index of loadIndexes(physical, spec)) await createIndex(run, physical, index);
        const tenant = spec.layout.tenantField;
        const own = tenant === null ? [] : [{ field: tenant, type: 'keyword' as const }];
        for (const index of [...own, ...spec.layout.payloadIndexes]) {
          await createIndex(run, physical, payloadIndex(physical, index));
        }
      });
      requireSameSpec(where, physical, await store.readSpec(physical), spec);
    },

    readSpec: (physical) => registry.readSpec(database, physical),
    listCollections: (collection) => registry.listCollections(database, collection),
    dropCollection: (physical) =>
      registry.unlessUnused(
        database.transaction(
          `drop ${physical}`,
          (run) => registry.dropCollection(run, physical),
          physical,
        ),
        undefined,
      ),

    async upsert(physical, points) {
      if (points.length === 0) return;
      const doing = `upsert ${physical}`;
      const { dimensions } = (await specOf(physical)).embedding;
      const { maxBatch } = limits;
      const checked = checkPoints(`${where}: ${doing}`, points, { dimensions, maxBatch });
      vectorType ??= await vectorOid();
      const values = upsertValues(checked, vectorType);
      await database.run(doing, upsertSql(physical), values, physical);
    },

    async deletePoints(physical, ids) {
      const sql = `DELETE FROM ${tableOf(physical)} WHERE id = ANY($1::uuid[])`;
      await database.run(`delete from ${physical}`, sql, [ids], physical);
    },

    async count(physical) {
      const sql = `SELECT count(*) AS count FROM ${tableOf(physical)}`;
      // Reads the whole table: of a large one, longer than a request may take.
      const [row] = await database.alone(`count ${physical}`, (run) => run(sql), physical);
      return Number(row?.count);
    },

    async readPoints(physical, ids, { vectors }) {
      const sql = `SELECT ${pointColumns(vectors)} FROM ${tableOf(physical)} WHERE id = ANY($1::uuid[])`;
      return (await database.run(`read ${physical}`, sql, [ids], physical)).map(toPoint);
    },

    async *scan(physical, { vectors }) {
      const sql = `SELECT ${pointColumns(vectors)} FROM ${tableOf(physical)}
        WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT ${scanPage}`;
      let last: string | null = null;
      for (;;) {
        const rows = await database.run(`scan ${physical}`, sql, [last], physical);
        if (rows.length > 0) yield rows.map(toPoint);
        if (rows.length < scanPage) return;
        last = rows.at(-1)?.id as string;
      }
    },

    async search(physical, query) {
      const doing = `search ${physical}`;
      const spec = await specOf(physical);
      checkQuery(`${where}: ${doing}`, store, query, {
        dimensions: spec.embedding.dimensions,
        fullText: spec.layout.fullText,
      });
      const { sql, values } = searchSql(physical, spec, query);
      const exactly = async (run: Run) => {
        await run('SET LOCAL enable_indexscan = off');
        return run(sql, values);
      };
      const rows = query.exact
        ? await database.transaction(doing, exactly, physical)
        : await database.run(doing, sql, values, physical);
      return rows.map((row) => ({ point: toPoint(row), score: Number(row.score) }));
    },

    addPayloadIndex: (physical, index) =>
      database.alone(
        `index ${index.field} of ${physical}`,
        (run) => buildPayloadIndex(run, physical, payloadIndex(physical, index)),
        physical,
      ),

    async beginLoad(physical) {
      const spec = await specOf(physical);
      await database.transaction(`load ${physical}`, async (run) => {
        for (const index of loadIndexes(physical, spec)) await dropIndex(run, index);
      });
    },

    async finishLoad(physical) {
      const spec = await specOf(physical);
      await database.alone(
        `index ${physical}`,
        (run) => buildIndexes(run, physical, spec),
        physical,
      );
    },

    async switchAlias(collection, physical) {
      if (physical !== null) await specOf(physical);
      const switched = database.transaction(
        `switch ${collection}`,
        (run) => switchAlias(run, collection, physical),
        physical ?? collection,
      );
      return physical === null ? registry.unlessUnused(switched, null) : switched;
    },

    resolveAlias: (collection) => registry.resolveAlias(database, collection),
    close: () => database.close(),
  };
  return store;
};

/** @throws BerthError StoreUnsupported for vectors that no index of that kind takes */
function checkIndexable(where: string, { embedding, layout }: CollectionSpec): void {
  const { dimensions } = embedding;
  const { quantization } = layout;
  const longest = quantization === 'scalar' ? 0 : longestIndexed[quantization];
  if (dimensions <= longest) return;
  const other = dimensions <= longestIndexed.half ? 'half' : 'binary';
  throw berthError(
    'StoreUnsupported',
    `${where}: indexes at most ${longest} dimensions with quantization ${quantization}, the model gives ${dimensions}; take quantization ${other}`,
  );
}
