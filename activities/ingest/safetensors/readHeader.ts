import { type FileHandle, open } from 'node:fs/promises';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { headerLength, parseHeader, type SafetensorsHeader } from './header.ts';

/**
 * Reads and checks the header of a safetensors file; the tensors themselves are not read.
 * @param file the name under which errors speak of it.
 * @throws BerthError InvalidSafetensors, UnsafeSource for an archive, or the system's error.
 */
export async function readHeader(path: string, file: string): Promise<SafetensorsHeader> {
  const handle = await open(path, 'r');
  try {
    const fileBytes = (await handle.stat()).size;
    const prefix = await readExactly(handle, 0, Math.min(8, fileBytes), file);
    refuseArchive(prefix, file);
    const length = headerLength(prefix, fileBytes, file);
    return parseHeader(await readExactly(handle, 8, length, file), fileBytes, file);
  } finally {
    await handle.close();
  }
}

const archives = [
  { magic: Buffer.from('PK\x03\x04', 'latin1'), kind: 'zip archive (a PyTorch pickle is one)' },
  { magic: Buffer.from("7z\xbc\xaf'\x1c", 'latin1'), kind: '7z archive' },
];

/** @throws BerthError UnsafeSource when the first bytes of a file are those of an archive. */
export function refuseArchive(prefix: Buffer, file: string): void {
  for (const { magic, kind } of archives) {
    if (prefix.subarray(0, magic.length).equals(magic)) {
      throw berthError(
        'UnsafeSource',
        `${file}: is a ${kind}, not what its name says; replace it by the genuine file`,
        { file },
      );
    }
  }
}

async function readExactly(
  handle: FileHandle,
  position: number,
  length: number,
  file: string,
): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, position + done);
    if (bytesRead === 0) {
      throw berthError(
        'SourceChanged',
        `${file}: shrank while its header was read; ingest again once nobody writes it`,
        { file },
      );
    }
    done += bytesRead;
  }
  return buffer;
}
