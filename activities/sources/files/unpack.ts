import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { commitFile, temporaryName } from '../../platform/atomicFile.ts';
import type { FileStamp } from './fileStamp.ts';

/**
 * Unpacks a gzip file once, into a file named by what was planned; a retry finds it there.
 * @returns its path in `scratch`
 * @throws BerthError InvalidRequest when it is damaged or cut off, OutOfSpace
 */
export async function unpackGzip(
  path: string,
  stamp: FileStamp,
  scratch: string,
  signal?: AbortSignal,
): Promise<string> {
  const key = createHash('sha256')
    .update(JSON.stringify([path, stamp]))
    .digest('hex');
  const plain = join(scratch, `unpacked-${key.slice(0, 32)}`);
  if ((await stat(plain).catch(() => undefined)) !== undefined) return plain;
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  const temporary = temporaryName(plain);
  try {
    const written = createWriteStream(temporary, { flags: 'wx', mode: 0o600 });
    await pipeline(createReadStream(path), createGunzip(), written, { signal });
    const file = await open(temporary, 'r+');
    await file.sync().finally(() => file.close());
    await commitFile(temporary, plain);
    return plain;
  } catch (error) {
    await rm(temporary, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC') {
      throw berthError('OutOfSpace', `${scratch}: no space to unpack ${path}; free some and retry`);
    }
    if (code?.startsWith('Z_') === true) {
      throw berthError(
        'InvalidRequest',
        `${path}: is no whole gzip file (${message}); check it with gzip -t`,
      );
    }
    throw error;
  }
}
