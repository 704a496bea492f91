import { expect, test } from 'vitest';
import type { BackfillContext } from '../../../../workflows/backfill/context.ts';
import { partitionControl } from '../../../../workflows/backfill/control.ts';

function told(running: number, queued: number, concurrency: number) {
  const context = {
    state: {
      control: { paused: false, recordsPerSecond: 100, concurrency },
      queue: { from: Array.from({ length: queued }, () => null) },
    },
    running: new Map(Array.from({ length: running }, (_, index) => [index, {}])),
    outsideWindow: false,
  };
  return partitionControl(context as unknown as BackfillContext).recordsPerSecond;
}

test('all partitions together keep the rate, also while more run than are asked for', () => {
  expect(told(8, 20, 8)).toBe(12.5);
  expect(told(8, 20, 2)).toBe(12.5);
  expect(told(2, 20, 2)).toBe(50);
  // The last ones share what the others no longer use.
  expect(told(1, 1, 8)).toBe(50);
  expect(told(0, 0, 8)).toBe(100);
});
