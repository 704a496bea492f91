import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Names of `temporaryName`: half-written, or whole but never committed. */
export function isPartial(name: string): boolean {
  return name.startsWith('.') && name.endsWith('.partial');
}

/** Names in a folder; none when it does not exist. */
export async function listFolder(folder: string, recursive = false): Promise<string[]> {
  try {
    return (await readdir(folder, { recursive })).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Removes half-written files that nobody has touched for a while. @returns how many */
export async function removePartialFiles(
  folder: string,
  { olderThanMs, recursive }: { olderThanMs: number; recursive: boolean },
): Promise<number> {
  let removed = 0;
  for (const name of await listFolder(folder, recursive)) {
    if (!isPartial(name.slice(name.lastIndexOf('/') + 1))) continue;
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || Date.now() - found.mtimeMs < olderThanMs) continue;
    await rm(path, { recursive: true, force: true });
    removed += 1;
  }
  return removed;
}
