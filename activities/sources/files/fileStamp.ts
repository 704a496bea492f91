import { createHash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { z } from 'zod';
import { type BerthError, berthError } from '../../../workflows/contracts/errors.ts';

const sampleBytes = 4096;

/** What a file was when it was planned. Short, as it travels in the borders of each partition. */
export const fileStampSchema = z.object({
  size: z.number().int().nonnegative(),
  /** Nanoseconds since 1970. */
  mtime: z.string(),
  ctime: z.string(),
  ino: z.string(),
  /** 32 hex digits of SHA-256 over the first 4 KiB and the last 4 KiB before `size`. */
  sample: z.string(),
});
export type FileStamp = z.infer<typeof fileStampSchema>;

/** @throws BerthError SourceChanged when there is no such file any more. */
export async function stampFile(path: string): Promise<FileStamp> {
  const file = await openSource(path);
  try {
    const stats = await file.stat({ bigint: true });
    const size = Number(stats.size);
    return {
      size,
      mtime: stats.mtimeNs.toString(),
      ctime: stats.ctimeNs.toString(),
      ino: stats.ino.toString(),
      sample: await sampleOf(file, size),
    };
  } finally {
    await file.close();
  }
}

/** How a file relates to what was planned of it. */
export type FileChange = 'none' | 'touched' | 'appended' | 'rewritten' | 'shrunk' | 'replaced';

/**
 * `touched`: only times or the inode differ. `appended`: begins and goes on as planned, and then
 * more. `rewritten`: begins as planned. `replaced`: begins otherwise. Only the planned part's
 * first and last 4 KiB are compared: what moves bytes in between moves its end, too.
 */
export async function compareFile(path: string, planned: FileStamp): Promise<FileChange> {
  const now = await stat(path, { bigint: true }).catch(() => undefined);
  if (now === undefined) throw gone(path);
  const size = Number(now.size);
  const untouched =
    now.mtimeNs.toString() === planned.mtime &&
    now.ctimeNs.toString() === planned.ctime &&
    now.ino.toString() === planned.ino;
  if (untouched && size === planned.size) return 'none';
  if (size < planned.size) return 'shrunk';
  const file = await openSource(path);
  try {
    if ((await sampleOf(file, planned.size)) === planned.sample) {
      return size === planned.size ? 'touched' : 'appended';
    }
    return (await headOf(file, planned.size)) === planned.sample.slice(0, 16)
      ? 'rewritten'
      : 'replaced';
  } finally {
    await file.close();
  }
}

/**
 * For a file that is one piece, which nothing may be appended to either.
 * @throws BerthError SourceChanged
 */
export async function requireWhole(path: string, planned: FileStamp): Promise<void> {
  const change = await compareFile(path, planned);
  if (change === 'none') return;
  const mtime = (await stat(path, { bigint: true })).mtimeNs.toString();
  // Moved, linked or given other rights.
  if (change === 'touched' && mtime === planned.mtime) return;
  throw changedFile(path, 'was written');
}

export const changedFile = (path: string, found: string): BerthError =>
  berthError(
    'SourceChanged',
    `${path}: ${found} since it was planned; start the job again to plan it anew`,
  );

const gone = (path: string) => changedFile(path, 'is gone');

export async function openSource(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw gone(path);
    throw berthError(
      'SourceNotAllowed',
      `${path}: cannot be read (${code ?? error}); let the worker's user read it`,
    );
  }
}

/** 16 hex digits of the head, 16 of the tail. */
async function sampleOf(file: FileHandle, size: number): Promise<string> {
  const tail = await digest(file, Math.max(0, size - sampleBytes), size);
  return (await headOf(file, size)) + tail;
}

const headOf = (file: FileHandle, size: number): Promise<string> =>
  digest(file, 0, Math.min(size, sampleBytes));

async function digest(file: FileHandle, from: number, to: number): Promise<string> {
  const bytes = Buffer.alloc(to - from);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
  const hash = createHash('sha256').update(bytes.subarray(0, bytesRead));
  return hash.digest('hex').slice(0, 16);
}
