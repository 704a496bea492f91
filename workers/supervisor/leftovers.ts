import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Removes what interrupted writers left: `.<name>.<random>.partial` (atomicFile.ts). Only where
 * nobody is still writing: by the supervisor while it holds its lock and no worker runs, or by the
 * only process that writes to the folder, when it begins.
 * @returns paths removed
 */
export async function removePartialFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const removed: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      removed.push(...(await removePartialFiles(path)));
    } else if (entry.isFile() && /^\..*\.partial$/.test(entry.name)) {
      await rm(path, { force: true });
      removed.push(path);
    }
  }
  return removed;
}
