import type { Properties, WeaviateObject } from './objects.ts';

/**
 * An object as gRPC takes it: weaviate.v1.BatchObject (weaviate's grpc/proto/v1/batch.proto), of which
 * the client fills in what is empty.
 */
export function toBatchObject(collection: string, { id, properties, vector }: WeaviateObject) {
  return { collection, uuid: id, vectorBytes: bytesOf(vector), properties: byKind(properties) };
}

function byKind(properties: Properties) {
  const nonRefProperties: Record<string, string | number> = {};
  const textArrayProperties: { propName: string; values: string[] }[] = [];
  const booleanArrayProperties: { propName: string; values: boolean[] }[] = [];
  const numberArrayProperties: { propName: string; values: []; valuesBytes: Uint8Array }[] = [];
  for (const [propName, value] of Object.entries(properties)) {
    if (!Array.isArray(value)) {
      nonRefProperties[propName] = value;
    } else if (typeof value[0] === 'string') {
      textArrayProperties.push({ propName, values: value as string[] });
    } else if (typeof value[0] === 'boolean') {
      booleanArrayProperties.push({ propName, values: value as boolean[] });
    } else {
      const valuesBytes = bytesOf(Float64Array.from(value as number[]));
      numberArrayProperties.push({ propName, values: [], valuesBytes });
    }
  }
  return {
    nonRefProperties,
    textArrayProperties,
    booleanArrayProperties,
    numberArrayProperties,
  };
}

/** The wire's order of bytes is that of every processor that Berth runs on: little-endian. */
const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Float64Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
