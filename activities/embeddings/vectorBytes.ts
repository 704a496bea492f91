import { endianness } from 'node:os';

const bytesOfFloat = Float32Array.BYTES_PER_ELEMENT;

/** Vectors one after the other as raw float32, little-endian. undefined: not whole vectors. */
export function vectorRows(data: Uint8Array, dimensions: number): Float32Array[] | undefined {
  const rowBytes = dimensions * bytesOfFloat;
  if (rowBytes === 0 || data.byteLength % rowBytes !== 0) return undefined;
  const all = fromLittleEndian(data);
  const rows: Float32Array[] = [];
  for (let start = 0; start < all.length; start += dimensions) {
    rows.push(all.subarray(start, start + dimensions));
  }
  return rows;
}

/** @returns a copy, so that it may be kept whatever becomes of `vector` */
export function vectorBytes(vector: Float32Array): Buffer {
  const data = Buffer.from(
    Uint8Array.prototype.slice.call(
      new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength),
    ),
  );
  return endianness() === 'LE' ? data : data.swap32();
}

/** A copy: what libraries hand out need not be aligned, nor stay. */
function fromLittleEndian(data: Uint8Array): Float32Array {
  const copy = Buffer.from(data);
  if (endianness() === 'BE') copy.swap32();
  const aligned = new Uint8Array(copy).buffer;
  return new Float32Array(aligned, 0, aligned.byteLength / bytesOfFloat);
}
