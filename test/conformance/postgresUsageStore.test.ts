import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, onTestFinished, test } from 'vitest';
import { openUsageStore } from '../../activities/usage/openUsageStore.ts';
import { findPostgres } from '../support/stores/postgresInstallation.ts';
import {
  type PostgresServer,
  startPostgres,
  withPassword,
} from '../support/stores/postgresServer.ts';
import { usageStoreConformance } from './usageStore.ts';

// Of a Postgres server whose user may create databases; else Berth's own test server.
let url = process.env.BERTH_TEST_POSTGRES ?? '';
const missing = url === '' ? findPostgres() : undefined;

if (typeof missing === 'string' && !process.env.CI) {
  test('usage store: postgres', ({ skip }) => skip(missing));
} else {
  let server: PostgresServer | undefined;
  beforeAll(async () => {
    if (url !== '') return;
    server = await startPostgres();
    url = withPassword(server.url, server.password);
  });
  afterAll(() => server?.stop());

  usageStoreConformance('postgres', async () => {
    const name = `berth_test_${randomBytes(6).toString('hex')}`;
    await administer(`CREATE DATABASE ${name}`);
    onTestFinished(() => administer(`DROP DATABASE ${name} WITH (FORCE)`));
    const own = new URL(url);
    own.pathname = `/${name}`;
    return { open: () => openUsageStore({ kind: 'postgres', url: own.href }) };
  });
}

async function administer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}
