import type { PlanOptions } from '../recordSource.ts';
import type { TextBorder, TextPosition } from './textFormat.ts';

/**
 * Borders for what is counted one by one, each a record or several; at most `maxPartitions` of them,
 * evenly.
 */
export async function countBorders(
  found: AsyncIterable<TextPosition & { records?: number }>,
  to: number,
  { partitionRecords, maxPartitions, onProgress }: PlanOptions,
): Promise<TextBorder[]> {
  const borders: TextBorder[] = [];
  for await (const { at, line, records = 1 } of found) {
    const last = borders.at(-1);
    if (last !== undefined && last.records < partitionRecords) {
      last.records += records;
    } else {
      borders.push({ at, line, records });
      onProgress?.(at, to);
    }
  }
  return thinBorders(borders, maxPartitions);
}

/** At most `most` of them: neighbours become one larger partition. */
export function thinBorders<T extends { records: number }>(borders: T[], most: number): T[] {
  const each = Math.ceil(borders.length / Math.max(1, most));
  if (each <= 1) return borders;
  return borders.flatMap((border, index) =>
    index % each === 0 ? [{ ...border, records: sumOf(borders.slice(index, index + each)) }] : [],
  );
}

const sumOf = (borders: { records: number }[]): number =>
  borders.reduce((sum, { records }) => sum + records, 0);
