import type { PartitionBounds } from '../contracts/backfill/source.ts';

/**
 * Partitions that have not begun, in order of index, in columns: a run carries up to ten thousand of
 * them to the next, and what has begun is not carried at all.
 */
export interface PartitionQueue {
  /** Index of the first. */
  first: number;
  from: string[];
  /** Where each ends: true, where the next one begins. */
  to: (string | null | true)[];
  records: number[];
  /** Catch-up round of all of them; absent: the first pass. */
  round?: number;
}

export const emptyQueue = (): PartitionQueue => ({ first: 0, from: [], to: [], records: [] });

/** @throws TypeError when the indexes are not in sequence */
export function queuePartitions(partitions: readonly PartitionBounds[]): PartitionQueue {
  const first = partitions[0]?.index ?? 0;
  partitions.forEach(({ index }, place) => {
    if (index !== first + place) throw new TypeError(`partition ${index} at place ${place}`);
  });
  const round = partitions[0]?.round;
  return {
    ...(round === undefined ? {} : { round }),
    first,
    from: partitions.map(({ from }) => from),
    to: partitions.map(({ to }, place) => (to === partitions[place + 1]?.from ? true : to)),
    records: partitions.map(({ records }) => records),
  };
}

export const queueLength = (queue: PartitionQueue): number => queue.from.length;

/** Takes the first partition off the queue. */
export function takePartition(queue: PartitionQueue): PartitionBounds | undefined {
  const from = queue.from.shift();
  const to = queue.to.shift();
  const records = queue.records.shift();
  if (from === undefined || to === undefined || records === undefined) return undefined;
  const index = queue.first;
  queue.first += 1;
  const { round } = queue;
  return {
    ...(round === undefined ? {} : { round }),
    ...{ index, from, to: to === true ? (queue.from[0] ?? null) : to, records },
  };
}
