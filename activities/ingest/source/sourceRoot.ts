import { realpath, stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { type AllowedPaths, allowedBy, outsideSources } from '../../platform/allowedPaths.ts';

export { contains } from '../../platform/allowedPaths.ts';

/** Which folders may be read: BERTH_SOURCES with symlinks resolved; none means any. */
export interface SourceRoot {
  /** The model folder, symlinks resolved. */
  root: string;
  /** Whether a resolved path may be read. */
  allows: AllowedPaths;
}

/**
 * Resolves a source and checks it against BERTH_SOURCES.
 * @throws BerthError SourceNotAllowed when it is missing, no folder, or outside.
 */
export async function openSourceRoot(
  source: string,
  sources: readonly string[],
): Promise<SourceRoot> {
  if (!isAbsolute(source)) {
    throw berthError('SourceNotAllowed', `${source}: expected an absolute path of a model folder`);
  }
  const root = await resolveFolder(source);
  const allows = await allowedBy(sources);
  if (!allows(root)) throw outsideSources(root, sources);
  return { root, allows };
}

/**
 * Checks a file that a worker is to read beside the model, such as calibration text.
 * @throws BerthError SourceNotAllowed when it is missing, no file, or outside BERTH_SOURCES.
 */
export async function requireAllowedFile(path: string, sources: readonly string[]): Promise<void> {
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined || !(await stat(real)).isFile()) {
    throw berthError('SourceNotAllowed', `${path}: no file on this host; check the path`);
  }
  if (!(await allowedBy(sources))(real)) throw outsideSources(real, sources);
}

async function resolveFolder(source: string): Promise<string> {
  try {
    const root = await realpath(source);
    if ((await stat(root)).isDirectory()) return root;
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT'
        ? 'does not exist on this host'
        : `cannot be read (${(error as NodeJS.ErrnoException).code})`;
    throw berthError('SourceNotAllowed', `${source}: ${reason}; expected a Hugging Face folder`);
  }
  throw berthError(
    'SourceNotAllowed',
    `${source}: is no folder; give the folder that holds config.json`,
  );
}
