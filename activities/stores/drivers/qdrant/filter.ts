import type { Schemas } from '@qdrant/js-client-rest';
import type { FilterValue } from '../../../../workflows/contracts/backfill/activities.ts';
import { berthError } from '../../../../workflows/contracts/errors.ts';
import type { FilterClause } from '../../shared/filters.ts';
import { unsupported } from '../../shared/storeFailure.ts';

type Condition = Schemas['Condition'];
type Filter = Schemas['Filter'];

/** RFC 3339, or a date alone: the texts that Qdrant orders. */
const dateTime = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * Conditions as Qdrant's filter; undefined: none.
 * @throws BerthError StoreUnsupported for what it cannot say
 */
export function qdrantFilter(where: string, clauses: readonly FilterClause[]): Filter | undefined {
  if (clauses.length === 0) return undefined;
  const must: Condition[] = [];
  const mustNot: Condition[] = [];
  for (const clause of clauses) {
    const key = payloadPath(clause.field);
    switch (clause.op) {
      case 'eq':
        must.push(equal(key, clause.value));
        break;
      case 'not':
        mustNot.push(equal(key, clause.value));
        break;
      case 'in':
        must.push(oneOf(key, clause.values));
        break;
      default:
        must.push({ key, range: { [clause.op]: bound(where, clause.field, clause.value) } });
    }
  }
  return { must, must_not: mustNot };
}

/** Numbers by range: `match` knows no fractions, and an index of floats serves only ranges. */
function equal(key: string, value: FilterValue): Condition {
  return typeof value === 'number'
    ? { key, range: { gte: value, lte: value } }
    : { key, match: { value } };
}

function oneOf(key: string, values: readonly FilterValue[]): Condition {
  return values.every((value) => typeof value === 'string')
    ? { key, match: { any: [...values] } }
    : { should: values.map((value) => equal(key, value)) };
}

function bound(where: string, field: string, value: number | string) {
  if (typeof value === 'number' || dateTime.test(value)) return value;
  throw unsupported(where, `order texts (filter on ${field}) other than ISO 8601 times`);
}

/**
 * Name of a metadata field in Qdrant's JSON path, where dots and brackets lead into values.
 * @throws BerthError InvalidRequest for a name that no path can quote
 */
export function payloadPath(field: string): string {
  if (/^[A-Za-z0-9_-]+$/.test(field)) return field;
  if (field.includes('"')) {
    throw berthError(
      'InvalidRequest',
      `metadata field ${field}: qdrant finds no field with a quotation mark in its name; rename it`,
    );
  }
  return `"${field}"`;
}
