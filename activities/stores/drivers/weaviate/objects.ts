import { payloadFields, splitMetadata } from '../../shared/payload.ts';
import type { Point, StoredPoint } from '../../vectorStore.ts';
import { exactText, kindOf, toPropertyName } from './names.ts';

/** JSON text of a record's metadata: what it is read back from. */
export const metadataProperty = 'berth_metadata';
/** Berth's own, which are read back; the others are there to be filtered by. */
export const readProperties = [...ownFields(), metadataProperty];

type PropertyValue = string | number | string[] | number[] | boolean[];
export type Properties = Record<string, PropertyValue>;

export interface WeaviateObject {
  id: string;
  properties: Properties;
  vector: Float32Array;
}

function ownFields(): string[] {
  const { nested: _, ...kept } = payloadFields;
  return Object.values(kept);
}

/** @throws BerthError StoreRejected for metadata under a name of Berth's own (splitMetadata) */
export function toWeaviateObject(point: Point): WeaviateObject {
  const { plain, nested } = splitMetadata(point.metadata);
  const properties: Properties = {
    [payloadFields.sourceName]: point.sourceName,
    [payloadFields.recordId]: point.recordId,
    [payloadFields.chunk]: point.chunk,
    [payloadFields.chunks]: point.chunks,
    [payloadFields.recordDigest]: point.recordDigest,
    [payloadFields.text]: point.text,
    [metadataProperty]: JSON.stringify({ ...plain, ...(nested ? JSON.parse(nested) : {}) }),
  };
  for (const [field, value] of Object.entries(plain)) {
    const values = Array.isArray(value) ? value : [value];
    const first = values[0];
    if (first === undefined) continue;
    const property = toPropertyName(field, kindOf(first));
    properties[property] =
      typeof first === 'string' ? (values as string[]).map(exactText) : (values as number[]);
  }
  return { id: point.id, properties, vector: point.vector };
}

export function fromWeaviateObject(
  uuid: string,
  properties: Record<string, unknown>,
  vector: number[] | undefined,
): StoredPoint {
  return {
    id: uuid,
    vector: vector === undefined ? null : Float32Array.from(vector),
    text: String(properties[payloadFields.text] ?? ''),
    metadata: JSON.parse(String(properties[metadataProperty] ?? '{}')),
    sourceName: String(properties[payloadFields.sourceName]),
    recordId: String(properties[payloadFields.recordId]),
    chunk: Number(properties[payloadFields.chunk]),
    chunks: Number(properties[payloadFields.chunks]),
    recordDigest: String(properties[payloadFields.recordDigest]),
  };
}
