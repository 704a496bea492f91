import type { Table } from '@lancedb/lancedb';
import type { Field } from 'apache-arrow';
import type { Row } from './rows.ts';
import { toTable } from './rowTable.ts';
import { idPredicate, quoted } from './where.ts';

/**
 * Writes rows in place of those of the same ids. A merge leaves a column that no row of it names as it
 * was, and a search would find a changed record by what it was before: such columns are emptied.
 * @param fields all of the table
 */
export async function mergeRows(
  table: Table,
  fields: Iterable<Field>,
  rows: readonly Row[],
): Promise<void> {
  if (rows.length === 0) return;
  const named = namesOf(rows);
  const all = [...fields];
  const unnamedFlags = all.filter(({ name }) => name.startsWith('flag_') && !named.has(name));
  await emptyFlags(
    table,
    unnamedFlags.map(({ name }) => name),
    rows,
  );
  const filled = all.filter((field) => !unnamedFlags.includes(field));
  await table
    .mergeInsert('id')
    .whenMatchedUpdateAll()
    .whenNotMatchedInsertAll()
    .execute(toTable(rows, filled));
}

/** Columns that any of the rows fills. */
export const namesOf = (rows: readonly Row[]): Set<string> =>
  new Set(rows.flatMap((row) => Object.keys(row)));

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
