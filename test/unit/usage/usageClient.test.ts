import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { openUsageStore } from '../../../activities/usage/openUsageStore.ts';
import { formatForecast } from '../../../scripts/cli/format/forecast.ts';
import { formatUsage } from '../../../scripts/cli/format/usage.ts';
import { createUsageClient } from '../../../workers/client/usage/createUsageClient.ts';
import type { UsageClient } from '../../../workers/client/usage/usageClient.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import type { PoolDescription } from '../../../workflows/contracts/pool/description.ts';
import { noTeams } from '../../../workflows/contracts/pool/teams.ts';
import { describePool } from '../../../workflows/scheduling/describe.ts';
import { initialState } from '../../../workflows/scheduling/initialState.ts';
import { usageRecord } from '../../support/usage/usageRecords.ts';

const hour = 3_600_000;
const now = Date.UTC(2026, 2, 16);
const lease = (leaseId: string, hoursAgo: number, pool = 'default') =>
  usageRecord(leaseId, {
    pool,
    submittedAt: now - (hoursAgo + 2) * hour,
    grantedAt: now - (hoursAgo + 1) * hour,
    endedAt: now - hoursAgo * hour,
  });

let client: UsageClient;
let pool: PoolDescription | undefined;
beforeEach(async () => {
  const home = await mkdtemp(join(tmpdir(), 'berth-usage-'));
  onTestFinished(() => rm(home, { recursive: true }));
  const location = { kind: 'sqlite' as const, path: join(home, 'usage.db') };
  const store = await openUsageStore(location);
  await store.record([lease('a', 1), lease('b', 30), lease('c', 200), lease('n', 1, 'night')]);
  await store.recordUse([
    { leaseId: 'a', deviceId: 'd0', since: 0, samples: 1, utilization: 0.5, peakMib: 1 },
  ]);
  await store.close();
  pool = undefined;
  client = createUsageClient({
    location,
    pool: 'default',
    async describe() {
      if (pool === undefined) throw berthError('StackUnavailable', 'nothing runs');
      return pool;
    },
    now: () => now,
  });
});

describe('usage', () => {
  test('of the last seven days, without a stack and without prices', async () => {
    const report = await client.report();
    expect(report.total).toMatchObject({ leases: 2, deviceHours: 2, cost: null, utilization: 0.5 });
    expect(formatUsage(report)).toBe(
      [
        'leases that ended between 2026-03-09 00:00 and 2026-03-16 00:00 UTC',
        'team  leases  device hours        wait    wait p95    busy',
        'nlp        2          2.00  1 h 00 min  1 h 00 min  50.0 %',
        'busy: of the 50.0 % of device hours that were watched',
        'no cost: no prices are known (see prices in a teams file)',
      ].join('\n'),
    );
  });

  test("with the running pool's prices, or others", async () => {
    const teams = { ...noTeams, prices: { H100: 2.5 }, currency: 'EUR' };
    pool = describePool(initialState('default', undefined, teams), now);
    const report = await client.report({ since: '2026-03-01', by: 'day' });
    expect(report.total).toMatchObject({ leases: 3, cost: 7.5 });
    expect(formatUsage(report)).toMatch(
      /cost EUR\n2026-03-07 .* 2\.50\n(.*\n)*all .* 7\.50\nbusy: /,
    );
    const own = await client.report({ prices: { prices: { H: 1 }, currency: 'USD' } });
    expect(own.total.cost).toBe(2);
  });

  test('bad options are refused with what was expected', async () => {
    for (const since of ['yesterday', '2027-01-01', '7 weeks', '2026-13-01']) {
      await expect(client.report({ since })).rejects.toMatchObject({
        type: 'InvalidRequest',
        message: expect.stringMatching(/^--since .*: expected a time back such as 7d/),
      });
    }
    await expect(client.report({ team: 'A B' })).rejects.toThrow(/^--team A B: expected a path/);
    await expect(client.report({ by: 'week' as 'day' })).rejects.toThrow(
      '--by week: expected one of team, model, label, day, all',
    );
    for (const weeks of [0, 1.5, Number.NaN]) {
      await expect(client.forecast({ weeks })).rejects.toThrow(/expected a whole number from 1 to/);
    }
    await expect(client.forecast({ targetUtilization: 2 })).rejects.toThrow(
      /^--target 2: expected/,
    );
  });
});

test('the forecast counts what waits now, and says how little it knows', async () => {
  const before = await client.forecast();
  expect(before.hours).toBe(202);
  expect(before.hourOfWeek[166]?.mean).toBeCloseTo(1 / 1.7);
  expect(before.hourOfWeek[167]?.mean).toBeCloseTo(0);
  const state = initialState('default');
  pool = describePool(state, now);
  pool.queue = [
    { submittedAt: now - hour, resources: { devices: 3, milli: 1000 } },
  ] as PoolDescription['queue'];
  const after = await client.forecast();
  expect(after.hourOfWeek[167]?.mean).toBeCloseTo(3 / 1.7);
  const text = formatForecast(after);
  expect(text).toMatch(/^devices wanted on average/);
  expect(text).toMatch(/23:00 .* 1\.8\nsuggested: \d+ devices/);
  expect(text).toMatch(/note: only 8\.4 days are recorded/);
});
