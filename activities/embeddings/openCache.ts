import { berthError } from '../../workflows/contracts/errors.ts';
import type { Paths } from '../platform/paths.ts';
import type { EmbeddingCache } from './embeddingCache.ts';
import { openLmdbCache } from './lmdbCache.ts';
import { openRedisCache } from './redisCache.ts';

export interface OpenCacheDeps {
  paths: Pick<Paths, 'embeddingCache'>;
  env: NodeJS.ProcessEnv;
}

/**
 * The cache that BERTH_EMBEDDING_CACHE names, a `redis://` or `rediss://` URL; by default LMDB in
 * BERTH_HOME.
 * @throws BerthError InvalidRequest, StoreUnavailable, CredentialsRefused
 */
export async function openEmbeddingCache({ paths, env }: OpenCacheDeps): Promise<EmbeddingCache> {
  const url = env.BERTH_EMBEDDING_CACHE;
  if (!url) return openLmdbCache(paths.embeddingCache);
  // What it is may hold a password, and is not printed.
  if (!/^rediss?:\/\//.test(url) || !URL.canParse(url)) {
    throw berthError('InvalidRequest', 'BERTH_EMBEDDING_CACHE: expected redis://host:port');
  }
  return openRedisCache(url);
}
