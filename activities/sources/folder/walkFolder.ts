import { open, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { contains } from '../../platform/allowedPaths.ts';
import { type DocumentKind, kindOfName, looksLikeMail } from './fileKind.ts';

/** One file of a folder. */
export interface FolderEntry {
  /** Below the folder, with `/`. */
  path: string;
  kind: DocumentKind;
  /** Bytes. */
  size: number;
  /** Nanoseconds since 1970. */
  mtime: string;
  ino: string;
}

const sniffedBytes = 4096;

/**
 * Documents of a folder and those below, ordered by `comparePaths`. Hidden files and links that lead
 * nowhere or out of the folder are left out; linked folders are not entered, so that none is read twice.
 * @param root Symlinks resolved
 * @throws BerthError SourceNotAllowed for a folder that must not be read or entered
 */
export async function* walkFolder(
  root: string,
  signal?: AbortSignal,
  below = '',
): AsyncGenerator<FolderEntry> {
  signal?.throwIfAborted();
  const entries = await readdir(join(root, below), { withFileTypes: true }).catch((error) => {
    throw unreadable(error, join(root, below));
  });
  entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) {
      yield* walkFolder(root, signal, path);
    } else if (entry.isFile() || entry.isSymbolicLink()) {
      const found = await look(root, path);
      if (found !== undefined) yield found;
    }
  }
}

/** The order of `walkFolder`: name by name. */
export function comparePaths(a: string, b: string): number {
  const left = a.split('/');
  const right = b.split('/');
  for (const [index, name] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    if (name !== other) return name < other ? -1 : 1;
  }
  return left.length - right.length;
}

async function look(root: string, path: string): Promise<FolderEntry | undefined> {
  const named = kindOfName(path);
  if (named === undefined) return undefined;
  const real = await realpath(join(root, path)).catch((error) => goneOrThrow(error, root, path));
  if (real === undefined || !contains(root, real)) return undefined;
  const stats = await stat(real, { bigint: true }).catch((error) => goneOrThrow(error, root, path));
  if (stats === undefined || !stats.isFile()) return undefined;
  const kind = named === 'unknown' ? await sniff(real) : named;
  if (kind === undefined) return undefined;
  const { size, mtimeNs, ino } = stats;
  return { path, kind, size: Number(size), mtime: String(mtimeNs), ino: String(ino) };
}

/** What is there and only cannot be read must not pass for gone: its records would be deleted. */
function goneOrThrow(error: NodeJS.ErrnoException, root: string, path: string): undefined {
  if (isGone(error)) return undefined;
  throw unreadable(error, join(root, path));
}

const isGone = ({ code }: NodeJS.ErrnoException): boolean =>
  code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP';

/** Other errors may pass. */
function unreadable(error: NodeJS.ErrnoException, path: string): Error {
  if (error.code !== 'EACCES' && error.code !== 'EPERM') return error;
  return berthError(
    'SourceNotAllowed',
    `${path}: cannot be read (${error.code}); let the stack's user read it, or move it out of the source`,
  );
}

async function sniff(path: string): Promise<DocumentKind | undefined> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => error);
  // As a mail, its reader says that it cannot be read.
  if (file instanceof Error) return isGone(file) ? undefined : 'mail';
  try {
    const head = Buffer.alloc(sniffedBytes);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return looksLikeMail(head.subarray(0, bytesRead)) ? 'mail' : undefined;
  } finally {
    await file.close();
  }
}
