import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { contains } from '../../platform/allowedPaths.ts';
import { type DocumentKind, type EntryKind, kindOfName, looksLikeMail } from './fileKind.ts';
import { readFileName } from './fileName.ts';
import { refuseKernelFolder } from './kernelFolder.ts';
import { openRegular } from './openRegular.ts';

/** One file of a folder. */
export interface FolderEntry {
  /** Below the folder, with `/`. */
  path: string;
  kind: EntryKind;
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
 * What has a document's name and cannot be read as one is an entry too, so that somebody hears of it.
 * @param root Symlinks resolved
 * @throws BerthError SourceNotAllowed for a folder that must not be read or entered, and for /proc
 */
export async function* walkFolder(
  root: string,
  signal?: AbortSignal,
  below = '',
): AsyncGenerator<FolderEntry> {
  signal?.throwIfAborted();
  const folder = join(root, below);
  const listed = await listFolder(folder).catch((error) => {
    throw unreadable(error, folder);
  });
  const entries = listed.map((entry) => ({ entry, ...readFileName(entry.name) }));
  entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (const { entry, name, isText } of entries) {
    if (name.startsWith('.')) continue;
    const path = below === '' ? name : `${below}/${name}`;
    if (!isText) {
      const isWanted = entry.isDirectory() || kindOfName(path) !== undefined;
      if (isWanted) yield unread(path, 'misnamed');
    } else if (entry.isDirectory()) {
      yield* walkFolder(root, signal, path);
    } else {
      const found = await look(root, path);
      if (found !== undefined) yield found;
    }
  }
}

/** As bytes: a name that is no UTF-8 would be read as another one, of a file that is not there. */
async function listFolder(path: string) {
  await refuseKernelFolder(path);
  return readdir(path, { withFileTypes: true, encoding: 'buffer' });
}

const unread = (path: string, kind: 'misnamed' | 'special'): FolderEntry => ({
  ...{ path, kind, size: 0, mtime: '0', ino: '0' },
});

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
  const gone = (error: NodeJS.ErrnoException) => goneOrThrow(error, root, path);
  // A link may lead to a name that is no UTF-8.
  const real = await realpath(join(root, path), { encoding: 'buffer' }).catch(gone);
  if (real === undefined || !contains(root, real.toString())) return undefined;
  const stats = await stat(real, { bigint: true }).catch(gone);
  if (stats === undefined || stats.isDirectory()) return undefined;
  if (!stats.isFile()) return named === 'unknown' ? undefined : unread(path, 'special');
  const { size, mtimeNs, ino } = stats;
  // Without a size there is nothing to look at, or no end of it.
  const kind = named !== 'unknown' ? named : size === 0n ? undefined : await sniff(real);
  if (kind === undefined) return undefined;
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

async function sniff(path: Buffer): Promise<DocumentKind | undefined> {
  const file = await openRegular(path).catch((error: NodeJS.ErrnoException) => error);
  if (file === undefined) return undefined;
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
