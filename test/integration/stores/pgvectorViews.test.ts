import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openPgvectorStore } from '../../../activities/stores/drivers/pgvectorStore.ts';
import type { CollectionSpec, VectorStore } from '../../../activities/stores/vectorStore.ts';
import { findPostgres } from '../../support/stores/postgresInstallation.ts';
import {
  type PostgresServer,
  startPostgres,
  withPassword,
} from '../../support/stores/postgresServer.ts';
import { samplePoints, sampleSpec } from '../../support/stores/samplePoints.ts';

const found = findPostgres();
const missing = typeof found === 'string' && !process.env.CI ? found : undefined;

describe.skipIf(missing !== undefined)(`pgvector views${missing ? ` (${missing})` : ''}`, () => {
  let server: PostgresServer;
  let url: string;
  let store: VectorStore;
  /** Who owns the database, and one who may only read the view. */
  let owner: pg.Client;
  let reader: pg.Client;
  let number = 0;
  let name: string;

  const connect = async (address: string, password: string): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: withPassword(address, password) });
    await client.connect();
    return client;
  };
  beforeAll(async () => {
    server = await startPostgres();
    url = await server.createDatabase();
    store = await openPgvectorStore({ url, stackUrl: null, env: server.env });
    owner = await connect(url, server.password);
    await owner.query(`CREATE ROLE reader LOGIN PASSWORD 'known'`);
    await owner.query(`CREATE ROLE "Of Words"`);
    await owner.query('CREATE SCHEMA berth; GRANT USAGE ON SCHEMA berth TO reader');
    reader = await connect(url.replace('berth@', 'reader@'), 'known');
  });
  afterAll(async () => {
    await reader?.end();
    await owner?.end();
    await store?.close();
    await server?.stop();
  });
  beforeEach(() => {
    number += 1;
    name = `seen${number}`;
  });

  async function version(
    at: number,
    points: number,
    dimensions: number,
    layout: Partial<CollectionSpec['layout']> = {},
  ): Promise<string> {
    const physical = `${name}-v${at}`;
    await store.createCollection(physical, sampleSpec(name, dimensions, layout));
    await store.upsert(physical, samplePoints(points, dimensions));
    return physical;
  }
  const one = async (client: pg.Client, sql: string): Promise<unknown> =>
    Object.values((await client.query(sql)).rows[0])[0];
  const aclOf = () =>
    one(owner, `SELECT relacl::text FROM pg_class WHERE oid = 'berth.${name}'::regclass`);
  const oidOf = () => one(owner, `SELECT 'berth.${name}'::regclass::oid`);

  test('a switch between collections of the same columns keeps rights, options and dependent views', async () => {
    await store.switchAlias(name, await version(1, 3, 8));
    await owner.query(`GRANT SELECT ON berth.${name} TO reader`);
    await owner.query(`ALTER VIEW berth.${name} SET (security_barrier = true)`);
    await owner.query(`CREATE VIEW public.titles AS SELECT record_id FROM berth.${name}`);
    const oid = await oidOf();
    // It has one column more.
    await store.switchAlias(name, await version(2, 5, 8, { fullText: true }));
    expect(await oidOf()).toBe(oid);
    expect(await one(reader, `SELECT count(*)::int FROM berth.${name}`)).toBe(5);
    expect(await one(owner, 'SELECT count(*)::int FROM public.titles')).toBe(5);
    expect(
      await one(owner, `SELECT reloptions FROM pg_class WHERE oid = 'berth.${name}'::regclass`),
    ).toEqual(['security_barrier=true']);
    await owner.query('DROP VIEW public.titles');
  });

  test('a switch to vectors of another length keeps exactly the rights, options and comment', async () => {
    await store.switchAlias(name, await version(1, 3, 8, { fullText: true }));
    await owner.query(`GRANT SELECT ON berth.${name} TO reader WITH GRANT OPTION`);
    await owner.query(`GRANT SELECT (text, words) ON berth.${name} TO "Of Words"`);
    await owner.query(`ALTER VIEW berth.${name} SET (security_barrier = true)`);
    await owner.query(`COMMENT ON VIEW berth.${name} IS 'it''s read by reports'`);
    // Whoever may read new views may not read this one.
    await owner.query(
      'ALTER DEFAULT PRIVILEGES IN SCHEMA berth GRANT SELECT ON TABLES TO "Of Words"',
    );
    const before = [await aclOf(), await oidOf()];
    await store.switchAlias(name, await version(2, 5, 12));
    await owner.query(
      'ALTER DEFAULT PRIVILEGES IN SCHEMA berth REVOKE SELECT ON TABLES FROM "Of Words"',
    );
    expect(await oidOf()).not.toBe(before[1]);
    expect(await aclOf()).toBe(before[0]);
    expect(await one(reader, `SELECT count(*)::int FROM berth.${name}`)).toBe(5);
    const { rows } = await owner.query(
      `SELECT attname, attacl::text FROM pg_attribute
        WHERE attrelid = 'berth.${name}'::regclass AND attacl IS NOT NULL`,
    );
    expect(rows).toEqual([{ attname: 'text', attacl: '{"\\"Of Words\\"=r/berth"}' }]);
    const { rows: views } = await owner.query(
      `SELECT reloptions, obj_description(oid, 'pg_class') AS comment FROM pg_class
        WHERE oid = 'berth.${name}'::regclass`,
    );
    expect(views).toEqual([
      { reloptions: ['security_barrier=true'], comment: "it's read by reports" },
    ]);
  });

  test('a view over an alias whose columns change is named, and nothing has changed', async () => {
    const first = await version(1, 3, 8);
    await store.switchAlias(name, first);
    await owner.query(`GRANT SELECT ON berth.${name} TO reader`);
    await owner.query(`CREATE VIEW public.reports AS SELECT record_id FROM berth.${name}`);
    const second = await version(2, 5, 12);
    for (const change of [
      () => store.switchAlias(name, second),
      () => store.switchAlias(name, null),
      () => store.dropCollection(first),
    ]) {
      await expect(change()).rejects.toMatchObject({
        type: 'StoreUnsupported',
        message: expect.stringMatching(/view reports depends on view .*; drop what depends on it/),
      });
    }
    expect((await store.resolveAlias(name))?.physical).toBe(first);
    expect(await one(reader, `SELECT count(*)::int FROM berth.${name}`)).toBe(3);
    await owner.query('DROP VIEW public.reports');
    expect(await store.switchAlias(name, second)).toBe(first);
    expect(await one(reader, `SELECT count(*)::int FROM berth.${name}`)).toBe(5);
  });

  test('one who may only read the view reads one collection whole at every moment of its switches', async () => {
    const physicals = [await version(1, 3, 8), await version(2, 5, 12), await version(3, 4, 12)];
    await store.switchAlias(name, physicals[0]!);
    await owner.query(`GRANT SELECT ON berth.${name} TO reader`);
    let done = false;
    const counts = new Set<unknown>();
    let reads = 0;
    const reading = (async () => {
      for (; !done; reads += 1) {
        counts.add(await one(reader, `SELECT count(*)::int FROM berth.${name}`));
      }
    })();
    for (let round = 1; round <= 15 || reads < 20; round += 1) {
      await store.switchAlias(name, physicals[round % 3]!);
    }
    done = true;
    await reading;
    expect([...counts].every((count) => [3, 4, 5].includes(count as number))).toBe(true);
    expect(counts.size).toBeGreaterThan(1);
  });

  test('a table of the name of an alias is left alone, for good', async () => {
    await owner.query(`CREATE TABLE berth.${name} (id integer)`);
    await expect(store.switchAlias(name, await version(1, 3, 8))).rejects.toMatchObject({
      type: 'StoreUnsupported',
      message: expect.stringContaining('is not a view'),
    });
    expect(await store.resolveAlias(name)).toBeUndefined();
  });
});
