import type {
  RecordFailure,
  RecordSource,
  SourceItem,
  SourceRecord,
} from '../../../activities/sources/recordSource.ts';
import type { PartitionBounds } from '../../../workflows/contracts/backfill/source.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';

export async function readItems(
  source: RecordSource,
  partition: PartitionBounds,
  scratch: string,
  cursor: string | null = null,
): Promise<SourceItem[]> {
  const items: SourceItem[] = [];
  for await (const item of source.read(partition, cursor, { scratch })) {
    if (item.next.length > 500) throw berthError('Unexpected', `cursor too long: ${item.next}`);
    items.push(item);
  }
  return items;
}

export const recordsOf = (items: SourceItem[]): SourceRecord[] =>
  items.flatMap((item) => ('record' in item ? [item.record] : []));

export const failuresOf = (items: SourceItem[]): RecordFailure[] =>
  items.flatMap((item) => ('failure' in item ? [item.failure] : []));

/** All partitions, one behind the other. */
export async function readAll(
  source: RecordSource,
  partitions: PartitionBounds[],
  scratch: string,
): Promise<SourceItem[]> {
  const items: SourceItem[] = [];
  for (const partition of partitions) items.push(...(await readItems(source, partition, scratch)));
  return items;
}
