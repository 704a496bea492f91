import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readJson, writeJsonAtomic } from '../../../platform/atomicFile.ts';

const aliasSchema = z.object({ physical: z.string() });

/**
 * Aliases of a LanceDB folder: a file each, renamed into place, so that readers of any process see
 * the old or the new one. (A tag of LanceDB names a version of one table, and a new model is
 * another table.)
 */
export function createAliasFiles(folder: string) {
  const root = join(folder, 'berth-aliases');
  const path = (collection: string) => join(root, `${collection}.json`);
  return {
    async read(collection: string): Promise<string | undefined> {
      return (await readJson(path(collection), aliasSchema))?.physical;
    },
    async write(collection: string, physical: string | null): Promise<void> {
      if (physical === null) await rm(path(collection), { force: true });
      else await writeJsonAtomic(path(collection), { physical });
    },
    /** Removes the alias where it names this one, which another of its name must not inherit. */
    async forget(collection: string, physical: string): Promise<void> {
      if ((await this.read(collection)) === physical) await this.write(collection, null);
    },
  };
}
export type AliasFiles = ReturnType<typeof createAliasFiles>;
