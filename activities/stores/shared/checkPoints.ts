import { berthError } from '../../../workflows/contracts/errors.ts';
import type { Point, StoreQuery, VectorStore } from '../vectorStore.ts';
import { unsupported } from './storeFailure.ts';

/**
 * What no store may see: too many, of other dimensions, or with values that are not finite.
 * @returns the points without those that a later one of the same id replaces
 * @throws BerthError StoreRejected, DimensionMismatch
 */
export function checkPoints(
  where: string,
  points: readonly Point[],
  { dimensions, maxBatch }: { dimensions: number; maxBatch: number },
): Point[] {
  if (points.length > maxBatch) {
    throw berthError(
      'StoreRejected',
      `${where}: ${points.length} points in one request, expected at most ${maxBatch}`,
    );
  }
  for (const { id, vector } of points) checkVector(`${where}: point ${id}`, vector, dimensions);
  return [...new Map(points.map((point) => [point.id, point])).values()];
}

/** @throws BerthError DimensionMismatch; StoreRejected for NaN and infinities */
export function checkVector(where: string, vector: Float32Array, dimensions: number): void {
  if (vector.length !== dimensions) {
    throw berthError(
      'DimensionMismatch',
      `${where}: ${vector.length} dimensions, the collection has ${dimensions}`,
    );
  }
  // NaN for any that is not finite; a call for each value would cost a twentieth of a write.
  let zero = 0;
  for (let at = 0; at < vector.length; at += 1) zero += (vector[at] as number) * 0;
  if (zero !== 0) {
    const bad = vector.findIndex((value) => !Number.isFinite(value));
    throw berthError('StoreRejected', `${where}: value ${bad} of its vector is ${vector[bad]}`);
  }
}

/** @throws BerthError StoreUnsupported, DimensionMismatch, StoreRejected, InvalidRequest */
export function checkQuery(
  where: string,
  { capabilities }: Pick<VectorStore, 'capabilities'>,
  query: StoreQuery,
  collection: { dimensions: number; fullText: boolean },
): void {
  checkVector(`${where}: query`, query.vector, collection.dimensions);
  if (query.exact && !capabilities.exactSearch)
    throw unsupported(where, 'search without its index');
  if (query.tenant !== undefined && !capabilities.tenants) {
    throw unsupported(where, 'keep tenants apart');
  }
  if (!query.hybrid) return;
  if (capabilities.hybrid === 'none') throw unsupported(where, 'search text and vectors together');
  if (!query.text?.trim()) {
    throw berthError('InvalidRequest', `${where}: a hybrid search needs the query's text`);
  }
  if (!collection.fullText) {
    throw berthError(
      'StoreUnsupported',
      `${where}: the collection has no full-text index; fill it again with --full-text`,
    );
  }
}
