import type { EmbeddingSpec } from '../../workflows/contracts/backfill/request.ts';
import { vectorRows } from './vectorBytes.ts';

/** How far rounding moves the length of a normalised vector of some thousand float32 values. */
const tolerance = 1e-3;

/** The vector that a cache holds; undefined when its bytes cannot be one of this spec. */
export function cachedVector(
  spec: EmbeddingSpec,
  data: Uint8Array | null | undefined,
): Float32Array | undefined {
  if (data === null || data === undefined) return undefined;
  if (data.byteLength !== spec.dimensions * Float32Array.BYTES_PER_ELEMENT) return undefined;
  const [vector] = vectorRows(data, spec.dimensions) ?? [];
  if (vector === undefined) return undefined;
  let squares = 0;
  for (const value of vector) squares += value * value;
  if (!Number.isFinite(squares)) return undefined;
  // A cheap check that finds most of what damage does.
  if (spec.normalize && Math.abs(Math.sqrt(squares) - 1) > tolerance) return undefined;
  return vector;
}
