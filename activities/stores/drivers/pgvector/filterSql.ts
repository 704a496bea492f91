import { escapeLiteral } from 'pg';
import type { FilterClause } from '../../shared/filters.ts';

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
  const key = escapeLiteral(clause.field);
  const field = `metadata->${key}`;
  const json = (value: unknown) => `${values.add(JSON.stringify(value))}::jsonb`;
  switch (clause.op) {
    case 'eq':
      return `${field} = ${json(clause.value)}`;
    case 'not':
      return `${field} IS DISTINCT FROM ${json(clause.value)}`;
    case 'in':
      // Not `= ANY`: a hash index serves only single values.
      return clause.values.map((value) => `${field} = ${json(value)}`).join(' OR ');
    default: {
      const operator = clause.op === 'gte' ? '>=' : '<=';
      if (typeof clause.value === 'number') {
        return `jsonb_typeof(${field}) = 'number' AND ${field} ${operator} ${json(clause.value)}`;
      }
      const text = `(metadata->>${key}) COLLATE "C" ${operator} ${values.add(clause.value)}`;
      return `jsonb_typeof(${field}) = 'string' AND ${text}`;
    }
  }
}
