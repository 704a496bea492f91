import { rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { temporaryName } from '../../platform/atomicFile.ts';
import type { Paths } from '../../platform/paths.ts';
import { removeTree } from '../plaintext/folder.ts';
import { isPartial, listFolder } from '../store/partials.ts';

/**
 * Removes a job's staging at one stroke: half of it would look like a job that lost files. What an
 * attempt had moved aside before it was killed goes, too. Idempotent.
 */
export async function removeStaging(paths: Paths, artifactId: string): Promise<void> {
  const { root } = paths.staging(artifactId);
  try {
    await rename(root, temporaryName(root));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  for (const name of await listFolder(dirname(root))) {
    const isAside = isPartial(name) && name.startsWith(`.${basename(root)}.`);
    if (isAside) await removeTree(join(dirname(root), name));
  }
}
