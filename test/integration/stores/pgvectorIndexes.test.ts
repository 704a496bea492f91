import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createValues, filterSql } from '../../../activities/stores/drivers/pgvector/filterSql.ts';
import { payloadIndex } from '../../../activities/stores/drivers/pgvector/table.ts';
import { openPgvectorStore } from '../../../activities/stores/drivers/pgvectorStore.ts';
import { filterClauses } from '../../../activities/stores/shared/filters.ts';
import type { VectorStore } from '../../../activities/stores/vectorStore.ts';
import type { SearchFilter } from '../../../workflows/contracts/backfill/activities.ts';
import type { PayloadIndex } from '../../../workflows/contracts/backfill/request.ts';
import { findPostgres } from '../../support/stores/postgresInstallation.ts';
import {
  type PostgresServer,
  startPostgres,
  withPassword,
} from '../../support/stores/postgresServer.ts';
import {
  sampleId,
  samplePoint,
  samplePoints,
  sampleSpec,
} from '../../support/stores/samplePoints.ts';

const found = findPostgres();
const missing = typeof found === 'string' && !process.env.CI ? found : undefined;

describe.skipIf(missing !== undefined)(`pgvector indexes${missing ? ` (${missing})` : ''}`, () => {
  let server: PostgresServer;
  let store: VectorStore;
  let client: pg.Client;
  /** Reads, and is long about it. */
  let reader: pg.Client;

  beforeAll(async () => {
    server = await startPostgres();
    const url = await server.createDatabase();
    store = await openPgvectorStore({ url, stackUrl: null, env: server.env });
    const connectionString = withPassword(url, server.password);
    client = new pg.Client({ connectionString });
    reader = new pg.Client({ connectionString });
    await client.connect();
    await reader.connect();
  });
  afterAll(async () => {
    await reader?.end();
    await client?.end();
    await store?.close();
    await server?.stop();
  });

  const year: PayloadIndex = { field: 'year', type: 'integer' };

  async function live(collection: string, payloadIndexes: PayloadIndex[] = []): Promise<string> {
    const physical = `${collection}-v1`;
    await store.createCollection(physical, sampleSpec(collection, 8, { payloadIndexes }));
    await store.upsert(physical, samplePoints(300, 8));
    await store.switchAlias(collection, physical);
    return physical;
  }
  async function indexesOf(physical: string): Promise<Map<string, boolean>> {
    const { rows } = await client.query(
      `SELECT relname, indisvalid FROM pg_index JOIN pg_class c ON c.oid = indexrelid
        WHERE indrelid = $1::regclass`,
      [`berth_data."${physical}"`],
    );
    return new Map(rows.map((row) => [row.relname, row.indisvalid]));
  }
  /** Resolves when a connection of Berth's is so. */
  const berthIs = (state: string, like: string) =>
    expect
      .poll(
        async () => {
          const { rows } = await client.query(
            `SELECT FROM pg_stat_activity WHERE application_name = 'berth' AND ${state}
              AND query LIKE $1`,
            [like],
          );
          return rows.length;
        },
        { timeout: 20_000 },
      )
      .toBeGreaterThan(0);

  // Cannot be compressed below what a B-tree takes.
  const long = (start: string) => start + randomBytes(5_000).toString('hex');
  const alike = 'm'.repeat(250);
  const values = [
    long('a'),
    long('z'),
    `${alike}a`,
    `${alike}b`,
    alike,
    'm'.repeat(200),
    'm',
    '',
    7,
    true,
    ['m'],
    null,
    '2024-05-01T00:00:00Z',
  ];

  test.each(['keyword', 'integer', 'float', 'boolean', 'datetime'] as const)(
    'texts of 10 kB and values of any type are written and filtered beside an index of type %s',
    async (type) => {
      const physical = await live(`long-${type}`, [{ field: 'value', type }]);
      const at = values.map((_, index) => sampleId(1_000 + index));
      await store.upsert(
        physical,
        values.map((value, index) => samplePoint(1_000 + index, 8, { metadata: { value } })),
      );
      const matching = async (filter: SearchFilter) => {
        const query = { vector: samplePoint(1, 8).vector, limit: 500, filter, exact: true };
        const hits = await store.search(physical, query);
        return hits.map(({ point }) => at.indexOf(point.id)).sort((a, b) => a - b);
      };
      const where = (holds: (value: unknown) => boolean) =>
        values.flatMap((value, index) => (holds(value) ? [index] : []));
      for (const bound of values) {
        if (bound === null || typeof bound === 'object') continue;
        expect(await matching({ value: bound })).toEqual(where((value) => value === bound));
        if (typeof bound === 'boolean') continue;
        const same = (value: unknown) => typeof value === typeof bound;
        expect(await matching({ value: { gte: bound } })).toEqual(
          where((value) => same(value) && (value as string) >= bound),
        );
        expect(await matching({ value: { lte: bound } })).toEqual(
          where((value) => same(value) && (value as string) <= bound),
        );
      }
      const texts = values.filter((value) => typeof value === 'string');
      expect(await matching({ value: { in: texts } })).toEqual(
        where((value) => typeof value === 'string'),
      );
      expect(await matching({ value: { not: values[0] as string } })).toHaveLength(
        300 + values.length - 1,
      );
    },
  );

  test.each<[PayloadIndex['type'], unknown, SearchFilter[string]]>([
    ['keyword', 'de', 'de'],
    ['keyword', 'de', { in: ['de', 'fr'] }],
    ['integer', 2_007, 2_007],
    ['integer', 2_007, { gte: 2_007 }],
    ['float', 0.5, { gte: 0.25, lte: 0.5 }],
    ['float', 0.5, { in: [0.5, 0.75] }],
    ['boolean', true, true],
    ['datetime', '2024-05-01T00:00:00Z', { gte: '2024-05-01', lte: '2024-06' }],
    ['datetime', long('2'), { gte: long('1') }],
  ])('an index of type %s serves filter %#', async (type, value, condition) => {
    const index: PayloadIndex = { field: 'value', type };
    const physical = `served-${type}-v1`;
    await store.createCollection(
      physical,
      sampleSpec(`served-${type}`, 8, { payloadIndexes: [index] }),
    );
    const filter: SearchFilter = { value: condition };
    await store.upsert(physical, [samplePoint(1, 8, { metadata: { value } }), samplePoint(2, 8)]);
    const sqlValues = createValues();
    const where = filterSql(filterClauses(filter), sqlValues);
    await client.query('BEGIN; SET LOCAL enable_seqscan = off');
    const sql = `SELECT id FROM berth_data."${physical}" WHERE ${where}`;
    const { rows: plan } = await client.query(`EXPLAIN ${sql}`, sqlValues.list);
    const { rows } = await client.query(sql, sqlValues.list);
    await client.query('COMMIT');
    expect(JSON.stringify(plan)).toContain(payloadIndex(physical, index).name);
    expect(rows).toEqual([{ id: sampleId(1) }]);
  });

  test('an index of a live collection waits for another builder of the same collection', async () => {
    const physical = await live('waiting');
    const held = ['pg_advisory_lock', 'pg_advisory_unlock'].map(
      (call) => `SELECT ${call}(7239017, hashtext('${physical}'))`,
    );
    await client.query(held[0]!);
    const building = store.addPayloadIndex(physical, year);
    await berthIs(`state = 'idle'`, 'SELECT pg_try_advisory_lock%');
    expect([...(await indexesOf(physical)).keys()]).not.toContain(
      payloadIndex(physical, year).name,
    );
    await client.query(held[1]!);
    await building;
    expect((await indexesOf(physical)).get(payloadIndex(physical, year).name)).toBe(true);
  });

  test('many builders at once, of one index and of others, leave each of them whole', async () => {
    const physical = await live('crowd');
    const rating: PayloadIndex = { field: 'rating', type: 'float' };
    await store.beginLoad(physical);
    await Promise.all([
      store.addPayloadIndex(physical, year),
      store.addPayloadIndex(physical, year),
      store.finishLoad(physical),
      store.addPayloadIndex(physical, rating),
    ]);
    const built = await indexesOf(physical);
    expect([...built.values()]).toEqual([true, true, true, true]);
    for (const index of [year, rating]) {
      expect(built.has(payloadIndex(physical, index).name)).toBe(true);
    }
  });

  test('an index whose build broke off is built anew, and writers do not wait for its end', async () => {
    const physical = await live('broken');
    const { name } = payloadIndex(physical, year);
    const breaking = client.query(
      `CREATE UNIQUE INDEX CONCURRENTLY "${name}" ON berth_data."${physical}" ((metadata->'year'))`,
    );
    await expect(breaking).rejects.toMatchObject({ code: '23505' });
    expect((await indexesOf(physical)).get(name)).toBe(false);
    await reader.query(`BEGIN; SELECT count(*) FROM berth_data."${physical}"`);
    const building = store.addPayloadIndex(physical, year);
    await berthIs(`wait_event_type = 'Lock'`, 'DROP INDEX%');
    await store.upsert(physical, samplePoints(10, 8, 300));
    expect(await store.count(physical)).toBe(310);
    await reader.query('COMMIT');
    await building;
    expect((await indexesOf(physical)).get(name)).toBe(true);
  });
});
