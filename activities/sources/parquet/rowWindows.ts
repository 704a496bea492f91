import type { FileMetaData } from 'hyparquet';

/** Rows that are decoded at a time, numbered over the whole file. */
export interface RowWindow {
  group: number;
  from: number;
  /** Exclusive. */
  to: number;
}

/**
 * Row groups, those that unpack to more than `windowBytes` in parts.
 * @param windowBytes Of the columns that are read, unpacked
 */
export function rowWindows(
  { row_groups }: FileMetaData,
  columns: readonly string[],
  windowBytes: number,
): RowWindow[] {
  let from = 0;
  return row_groups.flatMap((group, index) => {
    const rows = Number(group.num_rows);
    const bytes = group.columns.reduce((sum, { meta_data }) => {
      const wanted = columns.includes(meta_data?.path_in_schema[0] ?? '');
      return sum + (wanted ? Number(meta_data?.total_uncompressed_size ?? 0) : 0);
    }, 0);
    const each = Math.max(1, Math.ceil(rows / Math.max(1, Math.ceil(bytes / windowBytes))));
    const first = from;
    from += rows;
    return Array.from({ length: Math.ceil(rows / each) }, (_, number) => ({
      group: index,
      from: first + number * each,
      to: Math.min(from, first + (number + 1) * each),
    }));
  });
}
