import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { LeaseUse } from '../../../activities/usage/usageStore.ts';
import { createLeaseUses } from '../../../workers/usage/leaseUses.ts';
import { type SampledLease, sampleLeases } from '../../../workers/usage/sampleLeases.ts';

const logger = pino({ level: 'silent' });

/** Looks as often as there are rounds; each round says which leases hold the device, and how busy it is. */
async function watched(
  rounds: { leases: string[] | Error; busy: number; mib?: number; away?: boolean }[],
): Promise<LeaseUse[][]> {
  const stopped = new AbortController();
  const written: LeaseUse[][] = [];
  let at = -1;
  const round = () => rounds[at] ?? { leases: [], busy: 0 };
  await sampleLeases(
    {
      everyMs: 0,
      looksAWrite: 1_000,
      logger,
      async leases(): Promise<SampledLease[]> {
        at += 1;
        if (at === rounds.length - 1) stopped.abort();
        const { leases } = round();
        if (leases instanceof Error) throw leases;
        return leases.map((leaseId) => ({ leaseId, deviceIds: ['d0'] }));
      },
      sample: async () => ({ utilization: round().busy, memoryUsedBytes: 0 }),
      usedMib: async () => round().mib ?? null,
      async record(uses) {
        if (round().away) throw new Error('the database is away');
        written.push(uses);
      },
    },
    stopped.signal,
  );
  return written;
}

test('the mean of all looks but the first, which covers the time before', async () => {
  const written = await watched([
    { leases: ['a'], busy: 1 },
    { leases: ['a'], busy: 0.5, mib: 100 },
    { leases: ['a'], busy: 0.1, mib: 40 },
  ]);
  expect(written).toEqual([
    [expect.objectContaining({ leaseId: 'a', samples: 2, utilization: 0.3, peakMib: 100 })],
  ]);
});

test('what was seen is written when a lease ends', async () => {
  const written = await watched([
    { leases: ['a', 'b'], busy: 1 },
    { leases: ['a', 'b'], busy: 1 },
    { leases: ['b'], busy: 0 },
    { leases: ['b'], busy: 0 },
  ]);
  expect(written[0]?.map(({ leaseId, utilization }) => [leaseId, utilization])).toEqual([
    ['a', 1],
    ['b', 0.5],
  ]);
  expect(written[1]?.map(({ leaseId, samples }) => [leaseId, samples])).toEqual([['b', 3]]);
});

test('a pool that cannot be asked and a database that is away lose nothing', async () => {
  const written = await watched([
    { leases: ['a'], busy: 0 },
    { leases: ['a'], busy: 1 },
    { leases: new Error('the server is away'), busy: 0 },
    { leases: [], busy: 0, away: true },
    { leases: ['c'], busy: 0 },
  ]);
  expect(written).toEqual([[expect.objectContaining({ leaseId: 'a', samples: 1 })]]);
});

test('leases that are over are forgotten once they were taken', () => {
  let now = 5;
  const uses = createLeaseUses(() => now);
  const look = { leaseId: 'a', deviceId: 'd', utilization: 1, usedMib: null };
  uses.add(look);
  uses.keepOnly(new Set());
  expect(uses.takeChanged()).toMatchObject([{ since: 5, samples: 1, peakMib: null }]);
  expect(uses.takeChanged()).toEqual([]);
  uses.keepOnly(new Set());
  now = 9;
  uses.add({ ...look, usedMib: 3 });
  expect(uses.takeChanged()).toMatchObject([{ since: 9, samples: 1, peakMib: 3 }]);
});
