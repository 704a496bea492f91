import { mkdir, mkdtemp, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../../../activities/platform/config.ts';
import { openUsageStore } from '../../../activities/usage/openUsageStore.ts';
import { createUsageActivities } from '../../../activities/usage/recordUsage.ts';
import { checkUsage, describeLocation } from '../../../activities/usage/usageLocation.ts';
import { usageRecord } from '../../support/usage/usageRecords.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'berth-usage-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
});

async function recorded(path = join(home, 'usage', 'usage.db')): Promise<string[]> {
  const store = await openUsageStore({ kind: 'sqlite', path });
  const leases = await store.leases();
  await store.close();
  return leases.map(({ leaseId }) => leaseId);
}

test('leases are recorded below BERTH_HOME, once, by two workers at a time and after a restart', async () => {
  const [first, second] = [0, 1].map(() =>
    createUsageActivities({ config: { home, usage: undefined } }),
  );
  const batch = [usageRecord('a'), usageRecord('b')];
  await Promise.all([first?.recordUsage(batch), second?.recordUsage(batch)]);
  await first?.recordUsage([usageRecord('b'), usageRecord('c')]);
  expect(await recorded()).toEqual(['a', 'b', 'c']);
});

test('nobody else may read the database, its log included', async () => {
  const before = process.umask(0);
  onTestFinished(() => void process.umask(before));
  await createUsageActivities({ config: { home, usage: undefined } }).recordUsage([
    usageRecord('a'),
  ]);
  const folder = join(home, 'usage');
  const names = await readdir(folder);
  expect(names).toContain('usage.db-wal');
  const modes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).mode));
  expect(modes.map((mode) => mode & 0o777)).toEqual(names.map(() => 0o600));
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
});

test('a database that was away is tried again', async () => {
  const usage = join(home, 'elsewhere.db');
  await mkdir(usage);
  const activities = createUsageActivities({ config: { home, usage } });
  await expect(activities.recordUsage([usageRecord('a')])).rejects.toMatchObject({
    type: 'StackUnavailable',
    message: expect.stringContaining(`usage database ${usage}: `),
  });
  await rmdir(usage);
  await activities.recordUsage([usageRecord('a')]);
  expect(await recorded(usage)).toEqual(['a']);
});

test('BERTH_USAGE is a path or a Postgres URL, and its password is in no message', async () => {
  expect(checkUsage('/var/lib/berth/usage.db')).toBeUndefined();
  expect(checkUsage('postgresql://u:p@db/berth?sslmode=require')).toBeUndefined();
  for (const bad of ['usage.db', 'mysql://db/berth', 'postgres://u:hunter2@db', 'postgres:']) {
    expect(() => readConfig({ BERTH_USAGE: bad })).toThrow(/^BERTH_USAGE: expected an absolute/);
  }
  const url = 'postgres://ann:hunter2@127.0.0.1:1/berth?password=hunter2';
  expect(describeLocation({ kind: 'postgres', url })).toBe('postgres://127.0.0.1:1/berth');
  const opening = openUsageStore({ kind: 'postgres', url });
  await expect(opening).rejects.toThrow(/^usage database postgres:\/\/127\.0\.0\.1:1\/berth: /);
  await expect(opening).rejects.not.toThrow(/hunter2/);
});
