import { mkdir } from 'node:fs/promises';
import { open } from 'lmdb';
import { lmdbFailure, requireLmdbSpace } from '../platform/lmdbSpace.ts';
import { cachedVector } from './cachedVector.ts';
import { cacheKey } from './cacheKey.ts';
import type { EmbeddingCache } from './embeddingCache.ts';
import { vectorBytes } from './vectorBytes.ts';

/**
 * A cache in an LMDB folder, which any number of processes of a host may have open.
 * @throws BerthError OutOfSpace when it can be written no more
 */
export async function openLmdbCache(folder: string): Promise<EmbeddingCache> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  requireLmdbSpace(folder);
  const database = open<Buffer, Buffer>({
    // lmdb takes a path with a dot in its last part for a file.
    path: folder,
    noSubdir: false,
    encoding: 'binary',
    keyEncoding: 'binary',
    // Vectors hardly shrink.
    compression: false,
  });
  return {
    async get(spec, textDigests) {
      const keys = textDigests.map((digest) => cacheKey(spec, digest));
      const found = await database.getMany(keys);
      return found.map((data) => cachedVector(spec, data));
    },
    async put(spec, entries) {
      if (entries.length === 0) return;
      try {
        await database.batch(() => {
          for (const { textDigest, vector } of entries) {
            void database.put(cacheKey(spec, textDigest), vectorBytes(vector));
          }
        });
        // Committed is visible; flushed is durable.
        await database.flushed;
      } catch (error) {
        throw lmdbFailure(error, folder);
      }
    },
    close: () => database.close(),
  };
}
