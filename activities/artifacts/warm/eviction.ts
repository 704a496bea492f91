import { rename } from 'node:fs/promises';
import type { Paths } from '../../platform/paths.ts';
import { removeTree } from '../plaintext/folder.ts';
import { filesOfCopy, partialCopy } from './copyFolder.ts';
import { pruneHeld } from './heldFiles.ts';
import type { MemoryLocks } from './residency.ts';
import type { WarmIndexFile } from './warmIndex.ts';

export interface EvictedCopy {
  bytes: number;
  /** Bytes that stay until the last process unmaps them. */
  stillMappedBytes: number;
}

/**
 * Removes a copy: its name at once, its bytes when no process maps them any more. Processes that
 * map it go on undisturbed. The caller holds the lock of the copies.
 * @returns undefined when there was none.
 */
export async function evictCopy(
  { paths, index, locks }: { paths: Paths; index: WarmIndexFile; locks: MemoryLocks },
  contentDigest: string,
): Promise<EvictedCopy | undefined> {
  const folder = paths.model(contentDigest);
  const files = await filesOfCopy(paths, contentDigest);
  const aside = partialCopy(paths, contentDigest);
  locks.unlock(folder);
  try {
    await rename(folder, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await index.update((state) => {
      delete state.copies[contentDigest];
    });
    return undefined;
  }
  // Written before the files go: nobody could ask for their inodes afterwards.
  await index.update((state) => {
    delete state.copies[contentDigest];
    state.held.push(...files.map(({ dev, ino, bytes }) => ({ contentDigest, dev, ino, bytes })));
  });
  await removeTree(aside);
  const held = (await pruneHeld(index)).filter((file) => file.contentDigest === contentDigest);
  return {
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    stillMappedBytes: held.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}
