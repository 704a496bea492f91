import { escapeLiteral } from 'pg';
import type { FilterValue } from '../../../../workflows/contracts/backfill/activities.ts';
import type { FilterClause } from '../../shared/filters.ts';
import { metadataValue, textStart, textStartLength } from './metadataSql.ts';

/** Collects the values of a statement. */
export interface Values {
  list: unknown[];
  /** @returns the parameter that stands for it, such as `$1` */
  add(value: unknown): string;
}

export function createValues(): Values {
  const list: unknown[] = [];
  return { list, add: (value) => `$${list.push(value)}` };
}

/** A condition over `metadata`, in the forms that payloadIndex serves; `true` without clauses. */
export function filterSql(clauses: readonly FilterClause[], values: Values): string {
  return clauses.map((clause) => `(${clauseSql(clause, values)})`).join(' AND ') || 'true';
}

function clauseSql(clause: FilterClause, values: Values): string {
  const { field } = clause;
  const json = (value: unknown) => `${values.add(JSON.stringify(value))}::jsonb`;
  const equals = (value: FilterValue) => `${valueLike(field, value)} = ${json(value)}`;
  switch (clause.op) {
    case 'eq':
      return equals(clause.value);
    case 'not':
      return `${metadataValue(field)} IS DISTINCT FROM ${json(clause.value)}`;
    case 'in':
      // Not `= ANY`: a hash index serves only single values.
      return clause.values.map(equals).join(' OR ');
    default: {
      const operator = clause.op === 'gte' ? '>=' : '<=';
      if (typeof clause.value === 'number') {
        return `${valueLike(field, clause.value)} ${operator} ${json(clause.value)}`;
      }
      return textBound(field, operator, clause.value, values);
    }
  }
}

function valueLike(field: string, value: FilterValue): string {
  return typeof value === 'string'
    ? metadataValue(field)
    : metadataValue(field, typeof value === 'number' ? 'number' : 'boolean');
}

/**
 * Texts by code points. Of a bound shorter than the starts that an index holds, the start of a text
 * decides; of a longer one it only narrows the rows down.
 */
function textBound(field: string, operator: string, bound: string, values: Values): string {
  const value = `${values.add(bound)}::text`;
  const narrowed = `(${textStart(field)}) COLLATE "C" ${operator} left(${value}, ${textStartLength})`;
  if (Buffer.byteLength(bound) < textStartLength) return narrowed;
  return `${narrowed} AND (metadata->>${escapeLiteral(field)}) COLLATE "C" ${operator} ${value}`;
}
