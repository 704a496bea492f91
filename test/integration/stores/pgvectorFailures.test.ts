import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPgvectorStore } from '../../../activities/stores/drivers/pgvectorStore.ts';
import type { VectorStore } from '../../../activities/stores/vectorStore.ts';
import { findPostgres } from '../../support/stores/postgresInstallation.ts';
import {
  type PostgresServer,
  startPostgres,
  withPassword,
} from '../../support/stores/postgresServer.ts';
import { samplePoint, samplePoints, sampleSpec } from '../../support/stores/samplePoints.ts';

const found = findPostgres();
const missing = typeof found === 'string' && !process.env.CI ? found : undefined;

describe.skipIf(missing !== undefined)(`pgvector failures${missing ? ` (${missing})` : ''}`, () => {
  let server: PostgresServer;
  let store: VectorStore;
  let owner: pg.Client;

  beforeAll(async () => {
    server = await startPostgres();
    const url = await server.createDatabase();
    store = await openPgvectorStore({ url, stackUrl: null, env: server.env });
    owner = new pg.Client({ connectionString: withPassword(url, server.password) });
    await owner.connect();
  });
  afterAll(async () => {
    await owner?.end();
    await store?.close();
    await server?.stop();
  });

  async function changed(collection: string, ...sql: string[]): Promise<string> {
    const physical = `${collection}-v1`;
    await store.createCollection(physical, sampleSpec(collection, 8));
    for (const one of sql) await owner.query(one.replace('TABLE_', `berth_data."${physical}"`));
    return physical;
  }

  test.each([
    ['a column is gone', 'ALTER TABLE TABLE_ DROP COLUMN chunks'],
    ['a column has another type', 'ALTER TABLE TABLE_ ALTER COLUMN chunks TYPE bytea USING NULL'],
  ])('a table that is not as Berth made it (%s) fails for good', async (_, sql) => {
    const physical = await changed(
      `altered${sql.length}`,
      'ALTER TABLE TABLE_ ALTER chunks DROP NOT NULL',
      sql,
    );
    await expect(store.upsert(physical, samplePoints(3, 8))).rejects.toMatchObject({
      type: 'StoreUnsupported',
      message: expect.stringMatching(/chunks.*no retry mends this/),
    });
  });

  test.each([
    ['constraint', [`ALTER TABLE TABLE_ ADD CHECK (record_id <> 'record-2')`]],
    [
      'trigger',
      [
        `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          RAISE EXCEPTION 'not this record'; END $$`,
        `CREATE TRIGGER refuse BEFORE INSERT ON TABLE_ FOR EACH ROW
          WHEN (NEW.record_id = 'record-2') EXECUTE FUNCTION refuse()`,
      ],
    ],
    ['unique index', ['CREATE UNIQUE INDEX ON TABLE_ ((least(chunks, 1))) WHERE chunk = 7']],
  ])('what a %s of the owner refuses is the fault of these points', async (what, sql) => {
    const physical = await changed(what.replace(' ', '-'), ...sql);
    const poison =
      what === 'unique index'
        ? [samplePoint(1, 8, { chunk: 7 }), samplePoint(2, 8, { chunk: 7 })]
        : samplePoints(3, 8);
    await expect(store.upsert(physical, poison)).rejects.toMatchObject({ type: 'StoreRejected' });
    await store.upsert(physical, samplePoints(2, 8));
    expect(await store.count(physical)).toBe(2);
  });

  test('a word search index takes no text above its limit: the fault of this point', async () => {
    const physical = 'wordy-v1';
    await store.createCollection(physical, sampleSpec('wordy', 8, { fullText: true }));
    const text = Array.from({ length: 150_000 }, (_, at) => `word${at}`).join(' ');
    await expect(store.upsert(physical, [samplePoint(1, 8, { text })])).rejects.toMatchObject({
      type: 'StoreRejected',
      message: expect.stringContaining('too long for tsvector'),
    });
  });

  test('a collection whose table is gone is not found, not unavailable', async () => {
    const physical = await changed('vanished', 'DROP TABLE TABLE_');
    for (const use of [
      () => store.upsert(physical, samplePoints(1, 8)),
      () => store.count(physical),
      () => store.switchAlias('vanished', physical),
      () => store.addPayloadIndex(physical, { field: 'year', type: 'integer' }),
      () => store.finishLoad(physical),
    ]) {
      await expect(use()).rejects.toMatchObject({ type: 'CollectionNotFound' });
    }
  });

  test('a schema that is gone fails for good', async () => {
    await owner.query('DROP SCHEMA berth_data CASCADE');
    await expect(store.createCollection('late-v1', sampleSpec('late', 8))).rejects.toMatchObject({
      type: 'StoreUnsupported',
      message: expect.stringContaining('schema "berth_data" does not exist'),
    });
  });
});
