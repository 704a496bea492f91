import { expect, test } from 'vitest';
import type { UsageRecord } from '../../../workflows/contracts/pool/usage.ts';
import { usageBatch } from '../../../workflows/leases/pool/usageBatch.ts';

const record = (index: number, devices: number): UsageRecord => ({
  ...{ leaseId: `lease-${index}`, requestId: `lease-${index}`, pool: 'default', team: 'research' },
  ...{ label: 'python train.py', profileKey: null, priority: 0, expectedSeconds: null },
  ...{ submittedAt: 1, grantedAt: 2, endedAt: 3, end: 'released' },
  devices: Array.from({ length: devices }, (_, at) => ({
    deviceId: `GPU-00000000-0000-4000-8000-${String(at).padStart(12, '0')}`,
    ...{ hostId: 'host-1.cluster.example', model: 'NVIDIA H100 80GB HBM3' },
    ...{ milli: 1000, memoryMib: 81_559 },
  })),
  ...{ cpuMilli: 0, hostMemoryMib: 0 },
});
const records = (count: number, devices: number) =>
  Array.from({ length: count }, (_, index) => record(index, devices));

test('is the oldest five hundred records of small leases', () => {
  const batch = usageBatch(records(600, 1));
  expect(batch).toHaveLength(500);
  expect(batch[0]?.leaseId).toBe('lease-0');
});

test('of gangs is what fits into one payload', () => {
  const batch = usageBatch(records(600, 72));
  expect(batch.length).toBeGreaterThan(50);
  expect(Buffer.byteLength(JSON.stringify(batch))).toBeLessThan(1_100_000);
});

test('has one record however large, and none where there is none', () => {
  expect(usageBatch([record(0, 10_000)])).toHaveLength(1);
  expect(usageBatch([])).toEqual([]);
});
