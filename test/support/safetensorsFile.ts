/** A small writer of safetensors bytes for tests, independent of Berth's own; it checks nothing. */

export interface TestTensor {
  dtype: string;
  shape: number[];
  data: Uint8Array;
}

/** Length, JSON and data as given, so that broken files can be made too. */
export function rawSafetensors(json: string | Uint8Array, data: Uint8Array): Buffer {
  const header = typeof json === 'string' ? Buffer.from(json, 'utf8') : Buffer.from(json);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, data]);
}

export function safetensorsFile(tensors: Record<string, TestTensor>): Buffer {
  const entries: string[] = ['"__metadata__":{"format":"pt"}'];
  let offset = 0;
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    const data_offsets = [offset, offset + data.length];
    entries.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets })}`);
    offset += data.length;
  }
  const data = Buffer.concat(Object.values(tensors).map((tensor) => tensor.data));
  return rawSafetensors(`{${entries.join(',')}}`, data);
}

/** An F32 tensor, filled with a ramp unless values are given. */
export function float32(shape: number[], values?: number[]): TestTensor {
  const count = shape.reduce((product, dimension) => product * dimension, 1);
  const array = Float32Array.from(values ?? Array.from({ length: count }, (_, i) => (i % 97) / 97));
  return { dtype: 'F32', shape, data: new Uint8Array(array.buffer) };
}
