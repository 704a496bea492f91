import type { Table } from '@lancedb/lancedb';
import type { Row } from './rows.ts';
import { idPredicate, quoted } from './where.ts';

/**
 * Writes rows in place of those of the same ids. A merge leaves a column that no row of it names as it
 * was, and a search would find a changed record by what it was before: such columns are emptied.
 * @param columns all of the table
 */
export async function mergeRows(
  table: Table,
  columns: Iterable<string>,
  rows: readonly Row[],
): Promise<void> {
  const [first, ...others] = rows;
  if (first === undefined) return;
  const named = new Set(rows.flatMap((row) => Object.keys(row)));
  const unnamed = [...columns].filter((column) => !named.has(column));
  const isFlag = (column: string): boolean => column.startsWith('flag_');
  await emptyFlags(table, unnamed.filter(isFlag), rows);
  const empty = unnamed.filter((column) => !isFlag(column)).map((column) => [column, null]);
  await table
    .mergeInsert('id')
    .whenMatchedUpdateAll()
    .whenNotMatchedInsertAll()
    .execute([{ ...first, ...Object.fromEntries(empty) }, ...others]);
}

/** By a statement of its own: Arrow's writer drops the values of flags that are all null. */
async function emptyFlags(
  table: Table,
  flags: readonly string[],
  rows: readonly Row[],
): Promise<void> {
  if (flags.length === 0) return;
  const filled = flags.map((flag) => `${quoted(flag)} IS NOT NULL`).join(' OR ');
  const where = `${idPredicate(rows.map(({ id }) => String(id)))} AND (${filled})`;
  if ((await table.countRows(where)) === 0) return;
  const valuesSql = Object.fromEntries(flags.map((flag) => [flag, 'CAST(NULL AS BOOLEAN)']));
  await table.update({ where, valuesSql });
}
