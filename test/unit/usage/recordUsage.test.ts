import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createUsageActivities, usageFile } from '../../../activities/usage/recordUsage.ts';
import type { UsageRecord } from '../../../workflows/contracts/pool/usage.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'berth-usage-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const record = (leaseId: string): UsageRecord => ({
  leaseId,
  requestId: leaseId,
  pool: 'default',
  team: 'nlp',
  label: 'train.py',
  profileKey: null,
  priority: 0,
  submittedAt: 1,
  grantedAt: 2,
  endedAt: 3,
  end: 'released',
  expectedSeconds: null,
  devices: [{ deviceId: 'd', hostId: 'h', model: 'm', milli: 1000, memoryMib: 10 }],
  cpuMilli: 0,
  hostMemoryMib: 0,
});

async function recorded(): Promise<string[]> {
  const lines = (await readFile(usageFile({ home }), 'utf8')).split('\n');
  return lines.flatMap((line) => {
    try {
      return [(JSON.parse(line) as UsageRecord).leaseId];
    } catch {
      return [];
    }
  });
}

test('each lease is recorded once: in a batch sent twice, at a time, after a restart, after a torn line', async () => {
  const first = createUsageActivities({ paths: { home } });
  await Promise.all([
    first.recordUsage([record('a'), record('b')]),
    first.recordUsage([record('a'), record('b')]),
  ]);
  await appendFile(usageFile({ home }), '\n{"leaseId":"c","reque');
  const restarted = createUsageActivities({ paths: { home } });
  await restarted.recordUsage([record('b'), record('c')]);
  expect(await recorded()).toEqual(['a', 'b', 'c']);
});
