import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openLancedbStore } from '../../../activities/stores/drivers/lancedbStore.ts';
import { openPgvectorStore } from '../../../activities/stores/drivers/pgvectorStore.ts';
import type { VectorStore } from '../../../activities/stores/vectorStore.ts';
import { findPostgres } from '../../support/stores/postgresInstallation.ts';
import {
  type PostgresServer,
  startPostgres,
  withPassword,
} from '../../support/stores/postgresServer.ts';
import { samplePoints, sampleSpec } from '../../support/stores/samplePoints.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const physical = 'docs-v1';
const [point] = samplePoints(1, 8);

/** What a dry run, `search`, `collections` and `rollback` may ask; and what finds nothing to change. */
async function askEverything(store: VectorStore): Promise<void> {
  const missing = { type: 'CollectionNotFound' };
  expect(await store.listCollections()).toEqual([]);
  expect(await store.listCollections('docs')).toEqual([]);
  expect(await store.readSpec(physical)).toBeUndefined();
  expect(await store.resolveAlias('docs')).toBeUndefined();
  await expect(store.count(physical)).rejects.toMatchObject(missing);
  const query = { vector: point!.vector, limit: 1 };
  await expect(store.search(physical, query)).rejects.toMatchObject(missing);
  await expect(store.readPoints(physical, [point!.id], { vectors: true })).rejects.toMatchObject(
    missing,
  );
  const pages = store.scan(physical, { vectors: false })[Symbol.asyncIterator]();
  await expect(pages.next()).rejects.toMatchObject(missing);
  await expect(store.upsert(physical, [point!])).rejects.toMatchObject(missing);
  await expect(store.switchAlias('docs', physical)).rejects.toMatchObject(missing);
  expect(await store.switchAlias('docs', null)).toBeNull();
  await store.dropCollection(physical);
}

async function fill(store: VectorStore): Promise<void> {
  await store.createCollection(physical, sampleSpec('docs', 8));
  await store.upsert(physical, [point!]);
  await store.switchAlias('docs', physical);
}

describe('LanceDB', () => {
  const open = async (url: string) => {
    const store = await openLancedbStore({ url, stackUrl: null, env: {} });
    onTestFinished(() => store.close());
    return store;
  };

  test('asking makes no folder; the first collection makes it', async () => {
    const above = temporaryFolder('lancedb-unused');
    const folder = join(above, 'deep', 'store');
    const store = await open(folder);
    const reader = await open(folder);
    await askEverything(store);
    expect(await readdir(above)).toEqual([]);
    await fill(store);
    expect(await store.count(physical)).toBe(1);
    expect(await reader.resolveAlias('docs')).toMatchObject({ physical });
    expect(await reader.count(physical)).toBe(1);
  });

  test('an empty folder stays empty', async () => {
    const folder = join(temporaryFolder('lancedb-empty'), 'store');
    await mkdir(folder);
    await askEverything(await open(folder));
    expect(await readdir(folder)).toEqual([]);
  });

  test.each(['', '/store', '/deep/store'])(
    'what is no place for a folder is refused (file%s)',
    async (rest) => {
      const file = join(temporaryFolder('lancedb-file'), 'file');
      await writeFile(file, '');
      await expect(open(`${file}${rest}`)).rejects.toMatchObject({
        type: 'InvalidRequest',
        message: expect.stringContaining('cannot be made (ENOTDIR)'),
      });
      expect(existsSync(join(file, 'store'))).toBe(false);
    },
  );
});

const found = findPostgres();
const missing = typeof found === 'string' && !process.env.CI ? found : undefined;

describe.skipIf(missing !== undefined)(`pgvector${missing ? ` (${missing})` : ''}`, () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.stop());

  async function connectTo(url: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: withPassword(url, server.password) });
    await client.connect();
    onTestFinished(() => client.end());
    return client;
  }
  const open = async (url: string, env: NodeJS.ProcessEnv = server.env) => {
    const store = await openPgvectorStore({ url, stackUrl: null, env });
    onTestFinished(() => store.close());
    return store;
  };

  test('asking makes neither extension nor schema; the first collection makes them', async () => {
    const url = await server.createDatabase();
    const client = await connectTo(url);
    const store = await open(url);
    const made = async () =>
      (
        await client.query(`SELECT nspname AS name FROM pg_namespace WHERE nspname LIKE 'berth%'
          UNION ALL SELECT extname FROM pg_extension WHERE extname = 'vector' ORDER BY 1`)
      ).rows.map(({ name }) => name);
    await askEverything(store);
    expect(await made()).toEqual([]);
    await fill(store);
    expect(await store.count(physical)).toBe(1);
    expect(await made()).toEqual(['berth', 'berth_data', 'vector']);
  });

  test('who may only read can search', async () => {
    const url = await server.createDatabase();
    await fill(await open(url));
    const client = await connectTo(url);
    await client.query(`CREATE ROLE reader LOGIN PASSWORD 'only';
      GRANT USAGE ON SCHEMA berth, berth_data TO reader;
      GRANT SELECT ON ALL TABLES IN SCHEMA berth, berth_data TO reader`);
    const reader = await open(url.replace('berth@', 'reader@'), { PGPASSWORD: 'only' });
    expect(await reader.resolveAlias('docs')).toMatchObject({ physical });
    const hits = await reader.search(physical, { vector: point!.vector, limit: 1 });
    expect(hits.map((hit) => hit.point.id)).toEqual([point!.id]);
    await expect(reader.createCollection('docs-v2', sampleSpec('docs', 8))).rejects.toMatchObject({
      type: 'CredentialsRefused',
    });
  });

  test('who may not even read is told so', async () => {
    const url = await server.createDatabase();
    await fill(await open(url));
    await (await connectTo(url)).query(`CREATE ROLE nobody LOGIN PASSWORD 'none'`);
    const nobody = await open(url.replace('berth@', 'nobody@'), { PGPASSWORD: 'none' });
    await expect(nobody.listCollections()).rejects.toMatchObject({ type: 'CredentialsRefused' });
  });
});
