/** What a store takes as metadata. */
export type PlainValue = string | number | boolean;

/**
 * A column's value as metadata: dates as ISO 8601, whole numbers beyond 2^53 as digits.
 * @param nested Whether lists and objects become JSON text; else they are left out.
 * @returns undefined for what has no plain form: null, NaN, bytes.
 */
export function plainValue(value: unknown, nested: boolean): PlainValue | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : undefined;
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
    case 'object':
      if (value === null || ArrayBuffer.isView(value)) return undefined;
      if (value instanceof Date) {
        return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
      }
      return nested ? jsonText(value) : undefined;
    default:
      return undefined;
  }
}

function jsonText(value: object): string {
  return JSON.stringify(value, (_, inner) =>
    typeof inner === 'bigint' ? (plainValue(inner, false) ?? null) : inner,
  );
}
