import { constants } from 'node:fs';
import { lstat, open, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { identityOf, type KnownFile } from './identity.ts';
import type { SourceRoot } from './sourceRoot.ts';

/**
 * Finds where the bytes of an allowed file are, and that they can be read. A symlink is followed
 * only from a Hugging Face snapshot (`<repository>/snapshots/<revision>`) into the `blobs/` of that
 * repository, in one step.
 * @throws BerthError UnsafeSource for any other symlink and for what is no regular file,
 *   SourceNotAllowed for what cannot be read or lies outside BERTH_SOURCES.
 */
export async function resolveFile(source: SourceRoot, path: string): Promise<KnownFile> {
  const full = join(source.root, path);
  const entry = await lstat(full);
  const realPath = entry.isSymbolicLink() ? await followLink(source.root, path) : full;
  const target = realPath === full ? entry : await lstat(realPath);
  if (!target.isFile()) throw irregular(path);
  if (!source.allows(realPath)) {
    throw berthError(
      'SourceNotAllowed',
      `${path}: links to ${realPath}, outside BERTH_SOURCES; allow that folder too`,
      { file: path },
    );
  }
  // Non-blocking, because a pipe put here meanwhile would wait for its writer.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(realPath, flags).catch((error: NodeJS.ErrnoException) => {
    throw berthError(
      'SourceNotAllowed',
      `${path}: cannot be read (${error.code}); let this user read it`,
      { file: path },
    );
  });
  try {
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile()) throw irregular(path);
    return { path, realPath, identity: identityOf(stats) };
  } finally {
    await handle.close();
  }
}

async function followLink(root: string, path: string): Promise<string> {
  const link = join(root, path);
  const target = resolve(dirname(link), await readlink(link));
  const repository = dirname(dirname(root));
  const blobs = join(repository, 'blobs');
  const inBlobs = basename(dirname(root)) === 'snapshots' && dirname(target) === blobs;
  if (!inBlobs) {
    throw unsafe(
      path,
      `is a symlink to ${JSON.stringify(target)}; links are followed only into the blobs folder of the same Hugging Face snapshot: copy the file here`,
    );
  }
  const real = await realpath(target).catch((error: NodeJS.ErrnoException) => {
    throw unsafe(path, `is a symlink that leads nowhere (${error.code}); download the file again`);
  });
  if (real !== target) {
    throw unsafe(path, 'is a symlink to a symlink; copy the file here');
  }
  return real;
}

function irregular(path: string): Error {
  return unsafe(path, 'is no regular file; replace it by one');
}

function unsafe(path: string, what: string): Error {
  return berthError('UnsafeSource', `${path}: ${what}`, { file: path });
}
