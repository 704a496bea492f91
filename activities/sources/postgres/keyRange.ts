import { z } from 'zod';
import type { SourceQuery } from './sourceQuery.ts';

/** Rows that changed since a value of the changed column. */
export const sinceSchema = z.object({ value: z.string(), inclusive: z.boolean() });
export type Since = z.infer<typeof sinceSchema>;

/** Keys as text; null: without that border. */
export const keyRangeSchema = z.object({
  from: z.string().nullable(),
  to: z.string().nullable(),
  /** Whether `to` belongs to it. */
  last: z.boolean(),
  since: sinceSchema.nullable(),
});
export type KeyRange = z.infer<typeof keyRangeSchema>;

/**
 * Condition of a range in the key's own order.
 * @param after Key behind which it begins, for a reader who is under way
 */
export function rangeCondition(
  { key, keyType, changed }: SourceQuery,
  range: KeyRange,
  after: string | null,
): { where: string; values: string[] } {
  const parts: string[] = [];
  const values: string[] = [];
  const compare = (left: string, operator: string, value: string, type: string): void => {
    values.push(value);
    parts.push(`${left} ${operator} $${values.length}::text::${type}`);
  };
  if (after !== null) compare(key, '>', after, keyType);
  else if (range.from !== null) compare(key, '>=', range.from, keyType);
  if (range.to !== null) compare(key, range.last ? '<=' : '<', range.to, keyType);
  if (range.since !== null && changed !== null) {
    const { value, inclusive } = range.since;
    compare(changed.column, inclusive ? '>=' : '>', value, changed.type);
  }
  return { where: parts.length === 0 ? 'true' : parts.join(' AND '), values };
}
