import { berthError } from '../../../workflows/contracts/errors.ts';
import type { Point, StoredPoint } from '../vectorStore.ts';

/** Names that Berth keeps for itself beside a record's own metadata; the same in every store. */
export const payloadFields = {
  sourceName: 'berth_source',
  recordId: 'berth_record',
  chunk: 'berth_chunk',
  chunks: 'berth_chunks',
  recordDigest: 'berth_digest',
  text: 'berth_text',
  /** JSON text of the metadata that no store holds as it is: objects, mixed and empty arrays, odd names. */
  nested: 'berth_nested',
} as const;

/** Metadata must not begin with it. */
export const reservedPrefix = 'berth_';

export type PlainValue = string | number | boolean;
export type PlainMetadata = Record<string, PlainValue | PlainValue[]>;

export interface SplitMetadata {
  /** Values that a store can hold and filter: scalars, and arrays of one type of scalar. */
  plain: PlainMetadata;
  /** JSON text of the rest; null: there is none. */
  nested: string | null;
}

/** Everything of a point but its id and vector, flat. */
export type Payload = Record<string, unknown>;

const isPlain = (value: unknown): value is PlainValue =>
  typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);

const isPlainArray = (value: unknown): value is PlainValue[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((item) => isPlain(item) && typeof item === typeof value[0]);

/** Names that stores or their clients lose as fields. */
const lostNames = new Set(['', '__proto__']);

/**
 * null and undefined are dropped: an absent field means the same in every store.
 * @throws BerthError StoreRejected for a name of Berth's own and for numbers that JSON cannot hold
 */
export function splitMetadata(metadata: Record<string, unknown>): SplitMetadata {
  const plain: PlainMetadata = {};
  const rest: [string, unknown][] = [];
  for (const [name, value] of Object.entries(metadata)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith(reservedPrefix)) {
      throw berthError(
        'StoreRejected',
        `metadata field ${name}: names with ${reservedPrefix} are Berth's own; rename the field`,
      );
    }
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw berthError(
        'StoreRejected',
        `metadata field ${name}: ${value} is no number that a store keeps; leave it out`,
      );
    }
    const fits = !lostNames.has(name) && (isPlain(value) || isPlainArray(value));
    if (fits) plain[name] = value;
    else rest.push([name, value]);
  }
  // fromEntries defines its keys, so that one called __proto__ is a key like any other.
  const nested = rest.length === 0 ? null : JSON.stringify(Object.fromEntries(rest));
  return { plain, nested };
}

/** What splitMetadata was given, as it comes back from a store. */
export function joinMetadata(
  plain: Record<string, unknown>,
  nested: string | null | undefined,
): Record<string, unknown> {
  return { ...plain, ...(nested ? JSON.parse(nested) : {}) };
}

/** @throws BerthError StoreRejected (splitMetadata) */
export function toPayload(point: Omit<Point, 'id' | 'vector'>): Payload {
  const { plain, nested } = splitMetadata(point.metadata);
  return {
    ...plain,
    [payloadFields.sourceName]: point.sourceName,
    [payloadFields.recordId]: point.recordId,
    [payloadFields.chunk]: point.chunk,
    [payloadFields.chunks]: point.chunks,
    [payloadFields.recordDigest]: point.recordDigest,
    [payloadFields.text]: point.text,
    ...(nested === null ? {} : { [payloadFields.nested]: nested }),
  };
}

export function fromPayload(
  id: string,
  payload: Payload,
  vector: ArrayLike<number> | null,
): StoredPoint {
  const own: Payload = {};
  const plain: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(payload)) {
    if (name.startsWith(reservedPrefix)) own[name] = value;
    else if (value !== null && value !== undefined) plain[name] = value;
  }
  const nested = own[payloadFields.nested];
  return {
    id,
    vector: vector === null ? null : Float32Array.from(vector),
    text: String(own[payloadFields.text] ?? ''),
    metadata: joinMetadata(plain, typeof nested === 'string' ? nested : null),
    sourceName: String(own[payloadFields.sourceName]),
    recordId: String(own[payloadFields.recordId]),
    chunk: Number(own[payloadFields.chunk]),
    chunks: Number(own[payloadFields.chunks]),
    recordDigest: String(own[payloadFields.recordDigest]),
  };
}
