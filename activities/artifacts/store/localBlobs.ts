import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncDirectory } from '../../platform/atomicFile.ts';
import type { BlobStore } from './artifactStore.ts';
import { listFolder } from './partials.ts';

/** One folder an artifact. */
export function createLocalBlobs(
  folder: string,
  folderOf: (artifactId: string) => string,
): BlobStore {
  const locate = (artifactId: string, blob: string) => join(folderOf(artifactId), blob);

  async function list(artifactId: string) {
    const blobs = await listFolder(folderOf(artifactId));
    return Promise.all(
      blobs.map(async (blob) => ({ blob, bytes: (await stat(locate(artifactId, blob))).size })),
    );
  }

  return {
    async adopt(artifactId, source) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      try {
        await rename(source, folderOf(artifactId));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        const adopted = (await listFolder(folderOf(artifactId))).length > 0;
        if (code !== 'ENOENT' || !adopted) throw error;
      }
      await syncDirectory(folder);
      await syncDirectory(dirname(source));
    },
    locate,
    list,
    artifacts: () => listFolder(folder),
    async remove(artifactId) {
      const blobs = await list(artifactId);
      await rm(folderOf(artifactId), { recursive: true, force: true });
      if (blobs.length > 0) await syncDirectory(folder);
      return blobs.reduce((sum, { bytes }) => sum + bytes, 0);
    },
    describe: locate,
  };
}
