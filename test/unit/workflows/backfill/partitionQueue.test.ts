import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type PartitionQueue,
  queueLength,
  queuePartitions,
  takePartition,
} from '../../../../workflows/backfill/partitionQueue.ts';
import type { PartitionBounds } from '../../../../workflows/contracts/backfill/source.ts';

function drain(queue: PartitionQueue, most = Number.POSITIVE_INFINITY): PartitionBounds[] {
  const taken: PartitionBounds[] = [];
  while (taken.length < most && queueLength(queue) > 0) taken.push(takePartition(queue)!);
  return taken;
}

test('partitions come back as they went in, also when a run hands over in between', () => {
  const bounds = fc.record({
    from: fc.string(),
    to: fc.option(fc.string()),
    records: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(bounds), fc.nat(50), fc.nat(20), fc.nat(3), (all, first, most, round) => {
      const catchUp = round === 0 ? {} : { round };
      const partitions = all.map((each, place) => ({ index: first + place, ...each, ...catchUp }));
      const queue = queuePartitions(partitions);
      const taken = drain(queue, most);
      const carried: PartitionQueue = JSON.parse(JSON.stringify(queue));
      expect([...taken, ...drain(carried)]).toEqual(partitions);
      expect(takePartition(carried)).toBeUndefined();
    }),
  );
});

test('borders that two partitions share are carried once', () => {
  const border = 'x'.repeat(500);
  const partitions = Array.from({ length: 100 }, (_, index) => ({
    ...{ index, from: border, to: index < 99 ? border : null, records: 1000 },
  }));
  expect(JSON.stringify(queuePartitions(partitions)).length).toBeLessThan(100 * 520);
});

test('partitions out of sequence are refused', () => {
  const one = { from: '', to: null, records: 1 };
  expect(() =>
    queuePartitions([
      { index: 0, ...one },
      { index: 2, ...one },
    ]),
  ).toThrow('partition 2 at place 1');
});
