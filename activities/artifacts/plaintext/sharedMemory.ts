import { mkdir, statfs } from 'node:fs/promises';
import { filesystemType } from '../../../native/addon/index.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { requireTrustedFolder } from './trustedFolder.ts';

/**
 * Makes a folder for plaintext and refuses one that is not RAM-backed (weights must never reach a
 * disk) or that others can write to.
 * @throws BerthError NotWarmable naming the folder.
 */
export async function requireSharedMemory(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (filesystemType(folder) === 'other') {
    throw berthError(
      'NotWarmable',
      `${folder}: on neither tmpfs nor hugetlbfs, and plaintext weights must not reach a disk; point BERTH_SHM at a folder in shared memory such as /dev/shm`,
    );
  }
  await requireTrustedFolder(folder);
}

export interface FileSystemSpace {
  totalBytes: number;
  freeBytes: number;
}

export async function spaceOf(folder: string): Promise<FileSystemSpace> {
  const { bsize, blocks, bavail } = await statfs(folder);
  return { totalBytes: bsize * blocks, freeBytes: bsize * bavail };
}
