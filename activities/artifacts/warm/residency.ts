import { join } from 'node:path';
import {
  advise,
  type LockedFile,
  lockFile,
  NativeError,
  residentBytes,
} from '../../../native/addon/index.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { listFiles } from '../plaintext/folder.ts';

/** Bytes of some files that are in memory (mincore); less than all where some were swapped out. */
export async function residentBytesOf(folder: string, paths: readonly string[]): Promise<number> {
  const resident = await Promise.all(paths.map((path) => residentBytes(join(folder, path))));
  return resident.reduce((sum, bytes) => sum + bytes, 0);
}

/** Asks the kernel to bring back what it swapped out. */
export async function bringIn(folder: string): Promise<void> {
  const files = await listFiles(folder);
  await Promise.all(files.map(({ path }) => advise(join(folder, path), 'willneed')));
}

/** Copies that this process keeps in RAM (mlock); they are let go when it ends. */
export interface MemoryLocks {
  /** @throws BerthError NotWarmable when the limit on locked memory is too low. */
  lock(folder: string): Promise<void>;
  unlock(folder: string): void;
}

export function createMemoryLocks(): MemoryLocks {
  const locks = new Map<string, LockedFile[]>();

  function unlock(folder: string) {
    for (const file of locks.get(folder) ?? []) file.unlock();
    locks.delete(folder);
  }

  return {
    unlock,
    async lock(folder) {
      if (locks.has(folder)) return;
      const held: LockedFile[] = [];
      locks.set(folder, held);
      for (const { path, bytes } of await listFiles(folder)) {
        if (bytes === 0) continue;
        try {
          held.push(await lockFile(join(folder, path)));
        } catch (error) {
          unlock(folder);
          if (!(error instanceof NativeError)) throw error;
          throw berthError(
            'NotWarmable',
            `${join(folder, path)}: cannot be locked in RAM (${error.code}); raise the limit on locked memory (ulimit -l) of the stack, or warm it without locking`,
          );
        }
      }
    },
  };
}
