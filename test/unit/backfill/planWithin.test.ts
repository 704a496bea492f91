import { expect, test } from 'vitest';
import { planWithin } from '../../../activities/backfill/planBackfill.ts';
import type { SourcePlan } from '../../../workflows/contracts/backfill/source.ts';

const records = 50_000;
const planOf = (count: number, border: string): SourcePlan => ({
  ...{ fingerprint: 'f', records, exact: true, changeToken: null },
  partitions: Array.from({ length: count }, (_, index) => ({
    ...{ index, from: `${border}${index}`, to: `${border}${index + 1}` },
    records: Math.ceil(records / count),
  })),
});

test('borders that fit are planned once', async () => {
  const asked: number[] = [];
  const plan = await planWithin(2 ** 20, 1_000, async (most) => {
    asked.push(most);
    return planOf(most, 'short-');
  });
  expect(plan.partitions).toHaveLength(1_000);
  expect(asked).toEqual([1_000]);
});

test('borders that are too long for one payload make fewer partitions', async () => {
  const asked: number[] = [];
  const plan = await planWithin(2 ** 20, 10_000, async (most) => {
    asked.push(most);
    return planOf(most, '"key"'.repeat(60));
  });
  expect(asked.length).toBe(2);
  expect(Buffer.byteLength(JSON.stringify(plan.partitions))).toBeLessThanOrEqual(2 ** 20);
  expect(plan.partitions.length).toBeGreaterThan(1_000);
});
