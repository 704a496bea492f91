import type { StoredPoint } from '../../stores/vectorStore.ts';

/** The tenant that a point belongs to; undefined: the collection has none. */
export function tenantOf(
  point: StoredPoint | undefined,
  tenantField: string | null,
): string | undefined {
  if (tenantField === null || point === undefined) return undefined;
  const value = point.metadata[tenantField];
  return value === undefined || value === null ? undefined : String(value);
}
