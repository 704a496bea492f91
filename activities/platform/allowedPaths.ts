import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative } from 'node:path';
import { type BerthError, berthError } from '../../workflows/contracts/errors.ts';

/** Whether a resolved path may be read by BERTH_SOURCES, symlinks resolved; none means any. */
export type AllowedPaths = (realPath: string) => boolean;

export async function allowedBy(sources: readonly string[]): Promise<AllowedPaths> {
  const allowed = (
    await Promise.all(sources.map((folder) => realpath(folder).catch(() => [])))
  ).flat();
  return (path) => sources.length === 0 || allowed.some((folder) => contains(folder, path));
}

export function outsideSources(path: string, sources: readonly string[]): BerthError {
  return berthError(
    'SourceNotAllowed',
    `${path}: lies outside BERTH_SOURCES (${sources.join(':')}); move it there or allow its folder`,
  );
}

export function contains(folder: string, path: string): boolean {
  const between = relative(folder, path);
  return between === '' || (between !== '..' && !between.startsWith('../') && !isAbsolute(between));
}

/**
 * Resolves the file or folder that a person named, symlinks included.
 * @throws BerthError SourceNotAllowed when it is no absolute path, missing, of another type, or
 *   outside BERTH_SOURCES.
 */
export async function resolveAllowed(
  path: string,
  expected: 'file' | 'folder',
  sources: readonly string[],
): Promise<string> {
  if (!isAbsolute(path)) {
    throw berthError('SourceNotAllowed', `${path}: expected an absolute path of a ${expected}`);
  }
  let real: string;
  let found: 'file' | 'folder' | 'neither';
  try {
    real = await realpath(path);
    const stats = await stat(real);
    found = stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'neither';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason =
      code === 'ENOENT' ? 'does not exist on this host' : `cannot be read (${code ?? error})`;
    throw berthError('SourceNotAllowed', `${path}: ${reason}; expected a ${expected}`);
  }
  if (!(await allowedBy(sources))(real)) throw outsideSources(real, sources);
  if (found !== expected) {
    throw berthError('SourceNotAllowed', `${path}: is no ${expected}; check the path`);
  }
  return real;
}
