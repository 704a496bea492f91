import { rename } from 'node:fs/promises';
import { temporaryName } from '../../platform/atomicFile.ts';
import type { Paths } from '../../platform/paths.ts';
import { removeTree } from '../plaintext/folder.ts';

/** Removes a job's staging at one stroke: half of it would look like a job that lost files. */
export async function removeStaging(paths: Paths, artifactId: string): Promise<void> {
  const { root } = paths.staging(artifactId);
  const aside = temporaryName(root);
  try {
    await rename(root, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await removeTree(aside);
}
