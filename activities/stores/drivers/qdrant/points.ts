import type { Schemas } from '@qdrant/js-client-rest';
import { fromPayload, type Payload, toPayload } from '../../shared/payload.ts';
import type { Point, StoredPoint } from '../../vectorStore.ts';
import { vectorNames } from './layout.ts';
import { sparseDocument } from './sparseText.ts';

/**
 * Qdrant scales vectors to length 1 for cosine distance: the length of one that was not is kept here,
 * so that it is read back as it was.
 */
const lengthField = 'berth_length';
const unitTolerance = 1e-3;

type PointStruct = Schemas['PointStruct'];

export function toQdrantPoint(point: Point, fullText: boolean): PointStruct {
  const vector: Record<string, number[] | Schemas['SparseVector']> = {
    [vectorNames.dense]: Array.from(point.vector),
  };
  const sparse = fullText ? sparseDocument(point.text) : undefined;
  if (sparse !== undefined) vector[vectorNames.text] = sparse;
  const length = lengthOf(point.vector);
  return {
    id: point.id,
    vector,
    payload: {
      ...toPayload(point),
      ...(Math.abs(length - 1) <= unitTolerance ? {} : { [lengthField]: length }),
    },
  };
}

function lengthOf(vector: Float32Array): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return Math.sqrt(sum);
}

/** From Node 21 on the client reads integers beyond 2^53 as BigInt, which are numbers wherever else. */
function asNumbers(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(asNumbers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, asNumbers(one)]));
}

export function fromQdrantPoint({ id, payload, vector }: Schemas['Record']): StoredPoint {
  const kept = asNumbers(payload ?? {}) as Payload;
  const dense = (vector as Record<string, number[]> | null | undefined)?.[vectorNames.dense];
  const length = kept[lengthField];
  const scaled =
    dense !== undefined && typeof length === 'number' ? dense.map((one) => one * length) : dense;
  return fromPayload(String(id), kept, scaled ?? null);
}

/** Bytes of a request's body that no server refuses: its default limit is 32 MiB. */
const bodyBytes = 24 * 2 ** 20;
/** A number of a vector as JSON, with its comma. */
const numberBytes = 21;

/** Cuts a batch where its body would grow too long; a single point is never cut. */
export function* bodiesOf(points: readonly Point[]): Generator<Point[]> {
  let body: Point[] = [];
  let bytes = 0;
  for (const point of points) {
    // A text of n UTF-16 units is at most 6 n bytes of JSON, and its words at most 32 bytes a vector entry.
    const size = point.vector.length * numberBytes + point.text.length * 12 + 4096;
    if (body.length > 0 && bytes + size > bodyBytes) {
      yield body;
      body = [];
      bytes = 0;
    }
    body.push(point);
    bytes += size;
  }
  if (body.length > 0) yield body;
}
