import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Paths } from '../platform/paths.ts';

/** Where a shard's plaintext is between its making and its sealing. */
export function scratchFile(paths: Paths, artifactId: string, file: string): string {
  return join(paths.scratch(artifactId), file);
}

/** Removes what killed attempts at a file left: in shared memory it would cost RAM until the end. */
export async function removePartials(path: string): Promise<void> {
  const prefix = `.${basename(path)}.`;
  for (const name of await readdir(dirname(path))) {
    if (name.startsWith(prefix) && name.endsWith('.partial')) {
      await rm(join(dirname(path), name), { force: true });
    }
  }
}
