import type { Where } from 'chromadb';
import type { FilterClause } from '../../shared/filters.ts';
import { unsupported } from '../../shared/storeFailure.ts';
import { toField } from './fields.ts';

/**
 * The conditions in Chroma's language.
 * @returns undefined for none
 * @throws BerthError StoreUnsupported for texts between bounds: Chroma compares numbers only
 */
export function toWhere(where: string, clauses: readonly FilterClause[]): Where | undefined {
  const parts = clauses.map((clause): Where => {
    const field = toField(clause.field);
    switch (clause.op) {
      case 'eq':
        return { [field]: { $eq: clause.value } };
      case 'not':
        return { [field]: { $ne: clause.value } };
      case 'in': {
        // `$in` refuses whole numbers beside others.
        const any = clause.values.map((value): Where => ({ [field]: { $eq: value } }));
        return any.length === 1 ? (any[0] as Where) : { $or: any };
      }
      default:
        if (typeof clause.value === 'string') {
          throw unsupported(where, `compare texts with ${clause.op} (field ${clause.field})`);
        }
        return bound(field, clause.op, clause.value);
    }
  });
  return parts.length > 1 ? { $and: parts } : parts[0];
}

/**
 * A whole number in the store is compared with the bound's whole part: where that lies outside the
 * bound, it has to be left out by name.
 */
function bound(field: string, op: 'gte' | 'lte', value: number): Where {
  const within: Where = { [field]: op === 'gte' ? { $gte: value } : { $lte: value } };
  const whole = Math.trunc(value);
  const outside = op === 'gte' ? whole < value : whole > value;
  return outside ? { $and: [within, { [field]: { $ne: whole } }] } : within;
}
