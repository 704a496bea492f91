import type { Point, StoreLimits } from '../stores/vectorStore.ts';

/** Bytes of a request's JSON: half of what Qdrant takes by default (32 MiB), the least of all stores. */
const requestBytes = 16 * 2 ** 20;
/** A float32 as decimal text with its comma. */
const bytesOfFloat = 14;
/** Ids are short: more of them than of points go into a request. */
const idsPerRequest = 500;

/** Cuts points to requests of a store, by number and by size. */
export function batchPoints(points: readonly Point[], limits: StoreLimits): Point[][] {
  const most = Math.max(1, Math.min(limits.bestBatch, limits.maxBatch));
  const batches: Point[][] = [];
  let batch: Point[] = [];
  let bytes = 0;
  for (const point of points) {
    const size = sizeOf(point);
    if (batch.length > 0 && (batch.length >= most || bytes + size > requestBytes)) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(point);
    bytes += size;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

export function batchIds(ids: readonly string[], { maxBatch }: StoreLimits): string[][] {
  const most = Math.max(1, Math.min(idsPerRequest, maxBatch));
  const batches: string[][] = [];
  for (let at = 0; at < ids.length; at += most) batches.push(ids.slice(at, at + most));
  return batches;
}

function sizeOf({ vector, text, metadata }: Point): number {
  const payload =
    Buffer.byteLength(text, 'utf8') + Buffer.byteLength(JSON.stringify(metadata), 'utf8');
  return vector.length * bytesOfFloat + payload;
}
