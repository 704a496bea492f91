import type { FilterValue } from '../../../../workflows/contracts/backfill/activities.ts';
import type { FilterClause } from '../../shared/filters.ts';
import { columnName, typeOf } from './rowColumns.ts';

export const quoted = (column: string): string => `\`${column}\``;

/** A literal of DataFusion's SQL. */
const literal = (value: FilterValue): string =>
  typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value);

/**
 * The conditions as a predicate of DataFusion's SQL.
 * @param columns of the table: a field that no record has has no column
 * @returns undefined for none; `false` where nothing can match
 */
export function toPredicate(
  clauses: readonly FilterClause[],
  columns: ReadonlyMap<string, unknown>,
): string | undefined {
  const parts = clauses.flatMap((clause) => {
    const value = clause.op === 'in' ? (clause.values[0] as FilterValue) : clause.value;
    const name = columnName(clause.field, typeOf(value));
    if (!columns.has(name)) return clause.op === 'not' ? [] : ['false'];
    const column = quoted(name);
    switch (clause.op) {
      case 'eq':
        return [`${column} = ${literal(clause.value)}`];
      case 'not':
        return [`(${column} IS NULL OR ${column} <> ${literal(clause.value)})`];
      case 'in':
        return [`${column} IN (${clause.values.map(literal).join(', ')})`];
      case 'gte':
        return [`${column} >= ${literal(clause.value)}`];
      default:
        return [`${column} <= ${literal(clause.value)}`];
    }
  });
  return parts.length === 0 ? undefined : parts.join(' AND ');
}

export const idPredicate = (ids: readonly string[]): string =>
  `id IN (${ids.map(literal).join(', ')})`;
