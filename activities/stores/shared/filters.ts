import type {
  FilterValue,
  SearchFilter,
} from '../../../workflows/contracts/backfill/activities.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { reservedPrefix } from './payload.ts';

/**
 * One condition on a metadata field. Types are strict (`'1'` is not `1`); `not` also matches points
 * without the field, the others do not. `gte` and `lte` on texts compare code points, as ISO 8601
 * times want. Only scalars are compared: what a filter on an array field matches is the store's own.
 */
export type FilterClause =
  | { field: string; op: 'eq' | 'not'; value: FilterValue }
  /** Not empty, of one type. */
  | { field: string; op: 'in'; values: FilterValue[] }
  | { field: string; op: 'gte' | 'lte'; value: number | string };

/**
 * The filter as a list of conditions that all have to hold; the tenant's is one of them.
 * @throws BerthError InvalidRequest naming the field that is malformed
 */
export function filterClauses(
  filter: SearchFilter | undefined,
  tenant?: { field: string | null; value: string | undefined },
): FilterClause[] {
  const clauses = Object.entries(filter ?? {}).flatMap(([field, condition]) =>
    clausesOf(field, condition),
  );
  if (tenant?.value === undefined) return clauses;
  if (tenant.field === null) {
    throw berthError(
      'InvalidRequest',
      `tenant ${tenant.value}: the collection has no tenant field; leave the tenant out`,
    );
  }
  return [{ field: tenant.field, op: 'eq', value: tenant.value }, ...clauses];
}

function clausesOf(field: string, condition: SearchFilter[string]): FilterClause[] {
  const fail = (what: string): never => {
    throw berthError('InvalidRequest', `filter on ${field}: ${what}`);
  };
  const scalar = (value: unknown): FilterValue =>
    typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
      ? (value as FilterValue)
      : fail('expected a text, a finite number or true or false');
  if (field === '' || field.startsWith(reservedPrefix)) fail('no metadata field has such a name');
  if (typeof condition !== 'object' || condition === null) {
    return [{ field, op: 'eq', value: scalar(condition) }];
  }
  const clauses: FilterClause[] = [];
  for (const [op, value] of Object.entries(condition)) {
    if (value === undefined) continue;
    if (op === 'in') {
      if (!Array.isArray(value) || value.length === 0) fail('`in` needs at least one value');
      const values = (value as unknown[]).map(scalar);
      if (values.some((one) => typeof one !== typeof values[0])) fail('`in` mixes types');
      clauses.push({ field, op, values });
    } else if (op === 'not') {
      clauses.push({ field, op, value: scalar(value) });
    } else if (op === 'gte' || op === 'lte') {
      const bound = scalar(value);
      if (typeof bound === 'boolean') return fail(`\`${op}\` needs a number or a text`);
      clauses.push({ field, op, value: bound });
    } else fail(`\`${op}\` is not one of in, not, gte, lte`);
  }
  if (clauses.length === 0) fail('holds no condition');
  return clauses;
}
