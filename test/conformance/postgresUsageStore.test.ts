import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { onTestFinished, test } from 'vitest';
import { openUsageStore } from '../../activities/usage/openUsageStore.ts';
import { usageStoreConformance } from './usageStore.ts';

const url = process.env.BERTH_TEST_POSTGRES;

if (url === undefined) {
  test('usage store: postgres', ({ skip }) => {
    skip('set BERTH_TEST_POSTGRES to the URL of a Postgres server whose user may create databases');
  });
} else {
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
