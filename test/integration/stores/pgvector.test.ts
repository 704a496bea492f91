import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { searchSql } from '../../../activities/stores/drivers/pgvector/searchSql.ts';
import { openPgvectorStore } from '../../../activities/stores/drivers/pgvectorStore.ts';
import type { CollectionSpec, VectorStore } from '../../../activities/stores/vectorStore.ts';
import { findPostgres } from '../../support/stores/postgresInstallation.ts';
import {
  type PostgresServer,
  startPostgres,
  withPassword,
} from '../../support/stores/postgresServer.ts';
import { samplePoint, samplePoints, sampleSpec } from '../../support/stores/samplePoints.ts';
import { cannotMount, mountTmpfs } from '../../support/tmpfs.ts';

const found = findPostgres();
const missing = typeof found === 'string' && !process.env.CI ? found : undefined;

describe.skipIf(missing !== undefined)(`pgvector${missing ? ` (${missing})` : ''}`, () => {
  let server: PostgresServer;
  let url: string;
  let store: VectorStore;
  let client: pg.Client;
  const open = (at = url, env: NodeJS.ProcessEnv = server.env) =>
    openPgvectorStore({ url: at, stackUrl: null, env });

  beforeAll(async () => {
    server = await startPostgres();
    url = await server.createDatabase();
    store = await open();
    client = new pg.Client({ connectionString: withPassword(url, server.password) });
    client.on('error', () => undefined);
    await client.connect();
  });
  afterAll(async () => {
    await client?.end();
    await store?.close();
    await server?.stop();
  });

  async function filled(
    collection: string,
    points: ReturnType<typeof samplePoints>,
    layout: Partial<CollectionSpec['layout']> = {},
  ): Promise<string> {
    const physical = `${collection}-v1`;
    const dimensions = points[0]?.vector.length ?? 8;
    await store.createCollection(physical, sampleSpec(collection, dimensions, layout));
    await store.beginLoad(physical);
    for (let at = 0; at < points.length; at += 500) {
      await store.upsert(physical, points.slice(at, at + 500));
    }
    await store.finishLoad(physical);
    return physical;
  }

  test.each(['none', 'half', 'binary'] as const)(
    'a search goes by the index and finds what brute force finds (quantization %s)',
    async (quantization) => {
      const physical = await filled(`indexed-${quantization}`, samplePoints(3_000, 64), {
        quantization,
      });
      const spec = (await store.readSpec(physical)) as CollectionSpec;
      let same = 0;
      for (let at = 0; at < 20; at += 1) {
        const query = { vector: samplePoint(5_000 + at, 64).vector, limit: 10 };
        const exact = await store.search(physical, { ...query, exact: true });
        const right = new Set(exact.map(({ point }) => point.id));
        const hits = await store.search(physical, query);
        same += hits.filter(({ point }) => right.has(point.id)).length;
      }
      expect(same / 200).toBeGreaterThan(quantization === 'binary' ? 0.6 : 0.9);
      const { sql, values } = searchSql(physical, spec, {
        vector: samplePoint(1, 64).vector,
        limit: 10,
      });
      const { rows } = await client.query(`EXPLAIN ${sql}`, values);
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      expect(plan).toMatch(new RegExp(`Index Scan using "?${physical}_`));
    },
  );

  test('a filter that few of the nearest pass still fills the answer', async () => {
    const points = samplePoints(3_000, 16).map((point, at) => ({
      ...point,
      metadata: { rare: at % 100 === 7 },
    }));
    const physical = await filled('rare', points);
    const query = { vector: samplePoint(9_000, 16).vector, limit: 20, filter: { rare: true } };
    const hits = await store.search(physical, query);
    expect(hits).toHaveLength(20);
    expect(hits.every(({ point }) => point.metadata.rare === true)).toBe(true);
  });

  test('vectors too long for an index are refused by number, or indexed by half of their bits', async () => {
    await expect(store.createCollection('long-v1', sampleSpec('long', 2_001))).rejects.toThrow(
      /at most 2000 dimensions.*gives 2001; take quantization half/,
    );
    const points = samplePoints(20, 3_072);
    const physical = await filled('long', points, { quantization: 'half' });
    const [hit] = await store.search(physical, { vector: points[3]!.vector, limit: 1 });
    expect(hit?.point.id).toBe(points[3]?.id);
    const [read] = await store.readPoints(physical, [points[3]!.id], { vectors: true });
    expect(read?.vector).toEqual(points[3]?.vector);
  });

  test('two that build the index at once, of a live collection too, both see it built', async () => {
    const physical = await filled('twice', samplePoints(500, 64));
    await store.switchAlias('twice', physical);
    await store.beginLoad(physical);
    await Promise.all([store.finishLoad(physical), store.finishLoad(physical)]);
    const { rows } = await client.query(
      `SELECT bool_and(indisvalid) AS valid, count(*)::int AS count FROM pg_index
        WHERE indrelid = $1::regclass`,
      [`berth_data."${physical}"`],
    );
    expect(rows).toEqual([{ valid: true, count: 2 }]);
  });

  test('an alias is a view: SQL reads one collection and then the other', async () => {
    const one = await filled('seen', samplePoints(3, 8));
    const two = 'seen-v2';
    await store.createCollection(two, sampleSpec('seen', 12));
    await store.upsert(two, samplePoints(5, 12));
    const rows = async () =>
      (await client.query('SELECT record_id, embedding FROM berth.seen')).rows.length;
    await store.switchAlias('seen', one);
    expect(await rows()).toBe(3);
    expect(await store.switchAlias('seen', two)).toBe(one);
    expect(await rows()).toBe(5);
    await store.switchAlias('seen', null);
    await expect(rows()).rejects.toMatchObject({ code: '42P01' });
  });

  test('writers of the same points at once leave each of them once', async () => {
    const physical = await filled('crowd', []);
    const points = samplePoints(600, 8);
    await Promise.all(
      Array.from({ length: 6 }, (_, at) =>
        store.upsert(physical, at % 2 ? points.toReversed() : points),
      ),
    );
    expect(await store.count(physical)).toBe(600);
  });

  test('what is wrong with a place or its credentials is one line without the password', async () => {
    const tries: [() => Promise<unknown>, string, RegExp][] = [
      [() => open(withPassword(url, server.password)), 'InvalidRequest', /PGPASSWORD/],
      [() => open(`${server.url}x`), 'InvalidRequest', /database "postgresx" does not exist/],
      [() => open(url, {}), 'CredentialsRefused', /PGPASSWORD/],
      [
        () => openPgvectorStore({ url: null, stackUrl: null, env: server.env }),
        'InvalidRequest',
        /pgvector=postgres:/,
      ],
    ];
    for (const [opening, type, line] of tries) {
      const error = (await opening().catch((reason) => reason)) as Error;
      expect(error).toMatchObject({ type, message: expect.stringMatching(line) });
      expect(error.message).not.toContain(server.password);
      expect(error.message).not.toContain('\n');
    }
  });

  test('a user who may not write is told so', async () => {
    await client.query(`CREATE ROLE reader LOGIN PASSWORD 'known'`);
    const own = await server.createDatabase();
    const reader = own.replace('berth@', 'reader@');
    const refused = await open(reader, { PGPASSWORD: 'known' });
    onTestFinished(() => refused.close());
    await expect(refused.createCollection('docs-v1', sampleSpec('docs', 8))).rejects.toMatchObject({
      type: 'CredentialsRefused',
      message: expect.stringContaining('grant this right'),
    });
  });

  test('texts that Postgres cannot keep are refused for good', async () => {
    const physical = await filled('odd', []);
    for (const change of [{ text: 'nul \0' }, { metadata: { value: 'nul \0' } }]) {
      await expect(store.upsert(physical, [samplePoint(1, 8, change)])).rejects.toMatchObject({
        type: 'StoreRejected',
      });
    }
    expect(await store.count(physical)).toBe(0);
  });

  test('a full disk is named, and what was there before stays', async ({ skip }) => {
    const user = typeof found === 'string' ? null : found.user;
    const owner = user === null ? '' : `,uid=${user.uid},gid=${user.gid}`;
    const disk = mountTmpfs(`size=6m,mode=700${owner}`);
    if (disk === undefined) skip(cannotMount);
    onTestFinished(() => disk?.unmount());
    const other = await startPostgres();
    onTestFinished(() => other.stop());
    const admin = new pg.Client({ connectionString: withPassword(other.url, other.password) });
    await admin.connect();
    await admin.query(`CREATE TABLESPACE small LOCATION '${disk?.path}'`);
    await admin.query('ALTER DATABASE postgres SET default_tablespace = small');
    await admin.end();
    const filling = await open(other.url, other.env);
    onTestFinished(() => filling.close());
    await filling.createCollection('full-v1', sampleSpec('full', 384));
    await filling.beginLoad('full-v1');
    let written = 0;
    const fill = async (): Promise<never> => {
      for (;;) {
        await filling.upsert('full-v1', samplePoints(100, 384, written));
        written += 100;
      }
    };
    await expect(fill()).rejects.toMatchObject({
      type: 'OutOfSpace',
      message: expect.stringContaining('free disk space on the database server'),
    });
    expect(written).toBeGreaterThan(0);
    expect(await filling.count('full-v1')).toBe(written);
  });

  test('a statement that hangs is ended, and a server that was down serves again', async () => {
    const physical = await filled('lasting', samplePoints(50, 8));
    const hasty = await openPgvectorStore({ url, stackUrl: null, env: server.env, timeoutMs: 300 });
    onTestFinished(() => hasty.close());
    await client.query('BEGIN');
    await client.query(`LOCK TABLE berth_data."${physical}"`);
    const hung = await hasty.readPoints(physical, [], { vectors: false }).catch((error) => error);
    await client.query('ROLLBACK');
    expect(hung).toMatchObject({ type: 'StoreUnavailable' });
    expect(await hasty.count(physical)).toBe(50);

    await server.halt();
    await expect(store.count(physical)).rejects.toMatchObject({ type: 'StoreUnavailable' });
    await server.restart();
    await expect.poll(() => store.count(physical).catch(String)).toBe(50);
  });
});
