import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { modelNamePattern, tagPattern } from '../../../workflows/contracts/ids.ts';
import { writeFileAtomic } from '../../platform/atomicFile.ts';
import { withFileLock } from '../../platform/fileLock.ts';
import type { TagKey, TagStore } from './artifactStore.ts';
import { readIfPresent, removeForGood } from './localDocuments.ts';
import { listFolder } from './partials.ts';

/** Tags as `<name>/@/<tag>.json`; a swap compares and renames under a lock of the store's tags. */
export function createLocalTags(
  folder: string,
  pathOf: (name: string, tag: string) => string,
): TagStore {
  const path = ({ name, tag }: TagKey) => pathOf(name, tag);

  async function get(key: TagKey) {
    const bytes = await readIfPresent(path(key));
    return bytes && { bytes, version: createHash('sha256').update(bytes).digest('hex') };
  }

  return {
    get,
    swap(key, bytes, expectedVersion) {
      return withFileLock(join(folder, 'swap'), async (lock) => {
        const current = await get(key);
        if ((current?.version ?? null) !== expectedVersion) return false;
        lock.assertHeld();
        await writeFileAtomic(path(key), bytes);
        return true;
      });
    },
    async list() {
      const files = await listFolder(folder, true);
      return files.flatMap((file) => {
        const [, name, tag] = /^(.+)\/@\/([^/]+)\.json$/.exec(file) ?? [];
        if (name === undefined || tag === undefined) return [];
        return modelNamePattern.test(name) && tagPattern.test(tag) ? [{ name, tag }] : [];
      });
    },
    remove: (key) => removeForGood(path(key)),
    describe: path,
  };
}
