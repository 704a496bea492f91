import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readHeader } from '../../activities/ingest/safetensors/readHeader.ts';

/** [dtype, shape, SHA-256 of the bytes] by tensor. */
export type TensorDigests = Record<string, [string, number[], string]>;

/** Digests of every tensor in some safetensors files of a folder. */
export async function tensorDigests(
  folder: string,
  files: readonly string[],
): Promise<TensorDigests> {
  const digests: TensorDigests = {};
  for (const file of files) {
    const bytes = await readFile(join(folder, file));
    const { tensors, dataStart } = await readHeader(join(folder, file), file);
    if (dataStart % 4096 !== 0) throw new Error(`${file}: data begin at ${dataStart}`);
    for (const { name, dtype, shape, offset, bytes: length } of tensors) {
      const sha256 = createHash('sha256').update(bytes.subarray(offset, offset + length));
      digests[name] = [dtype, shape, sha256.digest('hex')];
    }
  }
  return digests;
}
