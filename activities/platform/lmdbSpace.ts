import { statfsSync } from 'node:fs';
import { berthError } from '../../workflows/contracts/errors.ts';

/** What LMDB may need at once to open a folder and to end a transaction. */
const leastBytes = 2 ** 20;

/**
 * Before a folder is opened with LMDB: it maps its lock file right after it has extended it, and on a
 * full disk that is no error but a signal that ends the process (SIGBUS).
 * @throws BerthError OutOfSpace
 */
export function requireLmdbSpace(folder: string): void {
  if (isFull(folder)) throw outOfSpace(folder);
}

/** An error of LMDB as Berth names it: a write that a full disk cuts short is EIO to LMDB. */
export function lmdbFailure(error: unknown, folder: string): unknown {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const named = code === 28 || code === 'ENOSPC' || /no space left/i.test(String(message));
  const short = code === 5 || /input\/output error/i.test(String(message));
  return named || (short && isFull(folder)) ? outOfSpace(folder) : error;
}

function isFull(folder: string): boolean {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize < leastBytes;
}

const outOfSpace = (folder: string) =>
  berthError('OutOfSpace', `${folder}: no space left on its file system; free some and retry`);
