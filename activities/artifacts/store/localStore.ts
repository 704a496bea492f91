import { dirname, join } from 'node:path';
import { withFileLock } from '../../platform/fileLock.ts';
import type { Paths } from '../../platform/paths.ts';
import type { ArtifactStore } from './artifactStore.ts';
import { createLocalBlobs } from './localBlobs.ts';
import { createLocalDocuments } from './localDocuments.ts';
import { createLocalTags } from './localTags.ts';
import { removePartialFiles } from './partials.ts';

/** Artifacts in folders below BERTH_HOME/store. */
export function createLocalStore(paths: Paths): ArtifactStore {
  const { store } = paths;
  return {
    manifests: createLocalDocuments(store.manifests, store.manifest),
    wraps: createLocalDocuments(store.wrapsRoot, store.wraps),
    tags: createLocalTags(store.tags, store.tag),
    blobs: createLocalBlobs(store.blobsRoot, store.blobs),
    withLock: (run, signal) => withFileLock(store.lock, run, signal),
    async removePartials(olderThanMs) {
      let removed = 0;
      for (const folder of [store.manifests, store.wrapsRoot, store.tags, dirname(store.lock)]) {
        // Staging is swept by job, not by file.
        const recursive = folder === store.tags;
        removed += await removePartialFiles(join(folder), { olderThanMs, recursive });
      }
      return removed;
    },
  };
}
