import {
  joinMetadata,
  type PlainValue,
  payloadFields,
  splitMetadata,
} from '../../shared/payload.ts';
import type { Point, StoredPoint } from '../../vectorStore.ts';

/**
 * Chroma keeps names that begin with `#`, `$` or `chroma:` for itself: such a field gets a `_` in
 * front, and so does one that already looks like that.
 */
export const toField = (name: string): string =>
  /^_*(#|\$|chroma:)/.test(name) ? `_${name}` : name;
const fromField = (name: string): string => (/^_+(#|\$|chroma:)/.test(name) ? name.slice(1) : name);

export type Fields = Record<string, PlainValue>;

/**
 * A point's metadata in Chroma; its text is the document. Arrays are kept as JSON text: Chroma 1.5
 * leaves the arrays of a deleted point behind and hands them to the next point of its row.
 * @throws BerthError StoreRejected (splitMetadata)
 */
export function toFields(point: Point): Fields {
  const { plain, nested } = splitMetadata(point.metadata);
  const fields: Fields = {};
  const arrays: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(plain)) {
    if (Array.isArray(value)) arrays[name] = value;
    else fields[toField(name)] = value;
  }
  const rest = joinMetadata(arrays, nested);
  return {
    ...fields,
    [payloadFields.sourceName]: point.sourceName,
    [payloadFields.recordId]: point.recordId,
    [payloadFields.chunk]: point.chunk,
    [payloadFields.chunks]: point.chunks,
    [payloadFields.recordDigest]: point.recordDigest,
    ...(Object.keys(rest).length === 0 ? {} : { [payloadFields.nested]: JSON.stringify(rest) }),
  };
}

export function fromFields(
  id: string,
  fields: Record<string, unknown>,
  text: string,
  vector: readonly number[] | null,
): StoredPoint {
  const plain: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (!name.startsWith('berth_')) plain[fromField(name)] = value;
  }
  const nested = fields[payloadFields.nested];
  return {
    id,
    vector: vector === null ? null : Float32Array.from(vector),
    text,
    metadata: joinMetadata(plain, typeof nested === 'string' ? nested : null),
    sourceName: String(fields[payloadFields.sourceName]),
    recordId: String(fields[payloadFields.recordId]),
    chunk: Number(fields[payloadFields.chunk]),
    chunks: Number(fields[payloadFields.chunks]),
    recordDigest: String(fields[payloadFields.recordDigest]),
  };
}

/**
 * Fields as an upsert has to name them, since it merges them with those that are there: a field
 * that the new point lacks is taken away by null, and only NaN reaches the wire as null (the client
 * leaves null out).
 * @param present fields of the point that is there
 */
export function replacing(fields: Fields, present: Record<string, unknown> | undefined): Fields {
  if (present === undefined) return fields;
  const gone = Object.keys(present).filter((name) => !Object.hasOwn(fields, name));
  return { ...fields, ...Object.fromEntries(gone.map((name) => [name, Number.NaN])) };
}
