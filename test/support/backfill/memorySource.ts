import type {
  OpenSource,
  RecordFailure,
  SourceItem,
} from '../../../activities/sources/recordSource.ts';
import type { PartitionBounds } from '../../../workflows/contracts/backfill/source.ts';

/** A record, or what stands in its place. */
export type Line =
  | { id: string; text: string; metadata?: Record<string, unknown> }
  | { failure: Omit<RecordFailure, 'place'> };

/** A source of lines in this process, by their numbers, as a JSONL file's: the test may change them. */
export function openMemorySource(lines: () => readonly Line[]): OpenSource {
  return async () => ({
    kind: 'jsonl',
    async plan() {
      throw new Error('a test makes its own partitions');
    },
    async *read(partition, cursor, { signal }) {
      const to = partition.to === null ? lines().length : Number(partition.to);
      for (let at = Number(cursor ?? partition.from); at < to; at += 1) {
        signal?.throwIfAborted();
        yield item(lines()[at] as Line, at);
      }
    },
    async close() {},
  });
}

function item(line: Line, at: number): SourceItem {
  const place = `line ${at + 1}`;
  const next = String(at + 1);
  if ('failure' in line) return { failure: { ...line.failure, place }, next };
  const { id, text, metadata = {} } = line;
  return { record: { id, text, metadata }, place, next };
}

export const wholePartition = (records: number, index = 0): PartitionBounds => ({
  index,
  from: '0',
  to: String(records),
  records,
});
