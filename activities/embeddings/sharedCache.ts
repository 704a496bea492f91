import type { EmbeddingCache } from './embeddingCache.ts';
import { type OpenCacheDeps, openEmbeddingCache } from './openCache.ts';

/** The one cache of a process, opened when it is first needed. */
export interface SharedCache {
  /** @throws BerthError as openEmbeddingCache; the next use tries again */
  use(): Promise<EmbeddingCache>;
  close(): Promise<void>;
}

export function createSharedCache(deps: OpenCacheDeps): SharedCache {
  let opened: Promise<EmbeddingCache> | undefined;
  return {
    use() {
      opened ??= openEmbeddingCache(deps).catch((error: unknown) => {
        opened = undefined;
        throw error;
      });
      return opened;
    },
    async close() {
      const closing = opened;
      opened = undefined;
      await (await closing)?.close();
    },
  };
}
