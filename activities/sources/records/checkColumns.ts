import type { SourceColumns } from '../../../workflows/contracts/backfill/source.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';

/**
 * For sources whose columns are the same throughout.
 * @throws BerthError InvalidRequest naming the columns that do not exist, and those that do.
 */
export function checkColumns(
  location: string,
  columns: SourceColumns,
  existing: readonly string[],
): void {
  const wanted = [...columns.text, ...(columns.metadata ?? [])];
  if (columns.id !== undefined) wanted.push(columns.id);
  const unknown = [...new Set(wanted)].filter((column) => !existing.includes(column));
  if (unknown.length > 0) throw unknownColumns(location, unknown, existing);
}

export function unknownColumns(
  location: string,
  unknown: readonly string[],
  existing: readonly string[],
) {
  return berthError(
    'InvalidRequest',
    `${location}: no column ${unknown.join(', ')}; there is ${existing.slice(0, 40).join(', ') || 'none'}`,
  );
}
