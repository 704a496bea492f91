import { readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory, writeFileAtomic } from '../../platform/atomicFile.ts';
import type { DocumentStore } from './artifactStore.ts';
import { isPartial, listFolder } from './partials.ts';

/** One file a document. */
export function createLocalDocuments(
  folder: string,
  pathOf: (key: string) => string,
): DocumentStore {
  return {
    put: (key, bytes) => writeFileAtomic(pathOf(key), bytes),
    get: (key) => readIfPresent(pathOf(key)),
    async list() {
      const names = await listFolder(folder);
      return names
        .filter((name) => name.endsWith('.json') && !isPartial(name))
        .map((name) => name.slice(0, -'.json'.length));
    },
    remove: (key) => removeForGood(pathOf(key)),
    describe: pathOf,
  };
}

export async function readIfPresent(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Removes a file such that a crash does not bring it back. */
export async function removeForGood(path: string): Promise<void> {
  try {
    await rm(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await syncDirectory(dirname(path));
}
