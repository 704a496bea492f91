import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Pattern } from '../../../workflows/contracts/ids.ts';
import type { Paths } from '../../platform/paths.ts';
import { removeTree } from '../plaintext/folder.ts';
import { isPartial } from '../store/partials.ts';
import { filesOfCopy } from './copyFolder.ts';
import { pruneHeld } from './heldFiles.ts';
import type { WarmIndexFile } from './warmIndex.ts';

/**
 * Makes index and folder agree after a crash or a reboot: the folder is right about which copies
 * there are. The caller holds the lock of the copies, so every half-made one is nobody's.
 * @returns half-made copies removed
 */
export async function healCopies(
  paths: Paths,
  index: WarmIndexFile,
  now: () => number,
): Promise<number> {
  const names = await readdir(paths.modelsRoot).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const partials = names.filter(isPartial);
  for (const name of partials) await removeTree(join(paths.modelsRoot, name));
  const found = new Map<string, number>();
  for (const name of names.filter((each) => sha256Pattern.test(each))) {
    const files = await filesOfCopy(paths, name);
    found.set(
      name,
      files.reduce((sum, { bytes }) => sum + bytes, 0),
    );
  }
  await index.update((state) => {
    for (const contentDigest of Object.keys(state.copies)) {
      if (!found.has(contentDigest)) delete state.copies[contentDigest];
    }
    for (const [contentDigest, bytes] of found) {
      state.copies[contentDigest] ??= {
        bytes,
        pinned: false,
        locked: false,
        warmedAt: now(),
        lastUsedAt: now(),
      };
    }
  });
  await pruneHeld(index);
  return partials.length;
}
