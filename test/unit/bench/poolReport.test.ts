import { expect, test } from 'vitest';
import type { Measured } from '../../../scripts/bench/pooling/measureSide.ts';
import { quantile, reportPool } from '../../../scripts/bench/pooling/poolReport.ts';

const measured = (cyclesPerSecond: number, changes: Partial<Measured> = {}): Measured => ({
  ...{ cyclesPerSecond, latencies: [1, 2, 3, 4], failedTasks: 0, timedOutTasks: 0, ...changes },
});

test('quantiles are of the values that there are', () => {
  expect([0.5, 0.99, 1].map((part) => quantile([1, 2, 3, 4], part))).toEqual([2, 4, 4]);
  expect(quantile([7], 0.5)).toBe(7);
  expect(quantile([], 0.5)).toBe(0);
});

test('targets are judged by the median of the rounds, by hold time', () => {
  const ours = [measured(20), measured(30), measured(40)];
  const mutex = [measured(10), measured(10), measured(10)];
  const { targets, rows } = reportPool(64, [
    { waiting: 10, hold: 0, ours, mutex },
    { waiting: 10, hold: 1, ours, mutex },
    { waiting: 10, hold: 7, ours, mutex },
  ]);
  expect(targets.map(({ met }) => met)).toEqual([true, false, true]);
  expect(rows[0]).toMatchObject({ ours: 30, alternative: { value: 10 }, ratio: 3 });
  expect(rows).toHaveLength(9);
});

test('a workflow task that failed or timed out is told', () => {
  const bad = { failedTasks: 1, timedOutTasks: 2 };
  const ours = [measured(30), measured(30, bad)];
  const mutex = [measured(10), measured(10, bad)];
  const last = reportPool(64, [{ waiting: 10, hold: 0, ours, mutex }]).targets.at(-1);
  expect(last).toMatchObject({ met: false, note: '1 failed, 2 timed out' });
});
