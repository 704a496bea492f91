// Binary forms of PostgreSQL (array_send, src/backend/utils/adt/arrayfuncs.c) and of pgvector
// (vector_send, src/vector.c), all big-endian: exact, and several times faster than texts of digits.
const arrayHeader = 20;
const vectorHeader = 4;

/** vector[] of one dimension, without nulls. @param vectorType oid of `vector` in this database */
export function toVectorArray(vectors: readonly Float32Array[], vectorType: number): Buffer {
  const bytes = vectors.reduce((sum, vector) => sum + 4 + vectorHeader + vector.byteLength, 0);
  const buffer = Buffer.allocUnsafe(arrayHeader + bytes);
  for (const [index, value] of [1, 0, vectorType, vectors.length, 1].entries()) {
    buffer.writeUInt32BE(value, index * 4);
  }
  let at = arrayHeader;
  for (const vector of vectors) {
    at = buffer.writeUInt32BE(vectorHeader + vector.byteLength, at);
    at = writeVector(buffer, vector, at);
  }
  return buffer;
}

export function toVector(vector: Float32Array): Buffer {
  const buffer = Buffer.allocUnsafe(vectorHeader + vector.byteLength);
  writeVector(buffer, vector, 0);
  return buffer;
}

/** What the function vector_send gives. */
export function fromVectorSend(bytes: Buffer): Float32Array {
  const values = new Float32Array(bytes.readUInt16BE(0));
  const own = Buffer.from(values.buffer);
  bytes.copy(own, 0, vectorHeader);
  own.swap32();
  return values;
}

function writeVector(buffer: Buffer, vector: Float32Array, at: number): number {
  buffer.writeUInt16BE(vector.length, at);
  buffer.writeUInt16BE(0, at + 2);
  const values = buffer.subarray(at + vectorHeader, at + vectorHeader + vector.byteLength);
  values.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength));
  // A big-endian machine would already have them so; Node has no such platform left but s390x.
  values.swap32();
  return at + vectorHeader + vector.byteLength;
}
