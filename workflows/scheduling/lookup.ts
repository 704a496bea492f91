/**
 * The entry under `key`, or undefined. Keys come from outside, and `record['constructor']` would
 * find what every object inherits.
 */
export function lookup<T>(record: Record<string, T>, key: unknown): T | undefined {
  return typeof key === 'string' && Object.hasOwn(record, key) ? record[key] : undefined;
}

/** The record without one entry; the same record when it has none. */
export function without<T>(record: Record<string, T>, key: string): Record<string, T> {
  if (!Object.hasOwn(record, key)) return record;
  const { [key]: _gone, ...rest } = record;
  return rest;
}
