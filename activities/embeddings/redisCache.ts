import { Redis } from 'ioredis';
import { type BerthError, berthError } from '../../workflows/contracts/errors.ts';
import { cachedVector } from './cachedVector.ts';
import { cacheKey } from './cacheKey.ts';
import type { EmbeddingCache } from './embeddingCache.ts';
import { vectorBytes } from './vectorBytes.ts';

const prefix = Buffer.from('berth:embedding:');
/** Keys or vectors a round trip: some megabytes. */
const roundTrip = 500;
/** What commands say of a connection whose end has a reason of its own. */
const closed = /connection is closed|max retries per request/i;
const connectMs = 10_000;
const commandMs = 30_000;

/**
 * A cache in Redis, shared by many hosts; entries stay until Redis evicts them. As durable as the
 * server is set up to be.
 * @param url `redis://` or `rediss://`; its password is never printed
 * @throws BerthError StoreUnavailable, CredentialsRefused, InvalidRequest
 */
export async function openRedisCache(url: string): Promise<EmbeddingCache> {
  const where = `embedding cache ${withoutCredentials(url)}`;
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: connectMs,
    commandTimeout: commandMs,
    maxRetriesPerRequest: 3,
  });
  let lastError: Error | undefined;
  redis.on('error', (error) => {
    lastError = error;
  });
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw redisFailure(
        where,
        closed.test((error as Error).message) ? (lastError ?? error) : error,
      );
    }
  };
  try {
    await guarded(() => redis.connect());
  } catch (error) {
    redis.disconnect();
    throw error;
  }
  const keyOf = (key: Buffer) => Buffer.concat([prefix, key]);
  return {
    get: (spec, textDigests) =>
      guarded(async () => {
        const vectors: (Float32Array | undefined)[] = [];
        for (const part of inParts(textDigests)) {
          const keys = part.map((digest) => keyOf(cacheKey(spec, digest)));
          const found = await redis.mgetBuffer(...keys);
          vectors.push(...found.map((data) => cachedVector(spec, data)));
        }
        return vectors;
      }),
    put: (spec, entries) =>
      guarded(async () => {
        for (const part of inParts(entries)) {
          const pipeline = redis.pipeline();
          for (const { textDigest, vector } of part) {
            pipeline.set(keyOf(cacheKey(spec, textDigest)), vectorBytes(vector));
          }
          const answers = (await pipeline.exec()) ?? [];
          const failed = answers.find(([error]) => error !== null);
          if (failed !== undefined) throw failed[0];
        }
      }),
    async close() {
      await redis.quit().catch(() => redis.disconnect());
    },
  };
}

function* inParts<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += roundTrip) {
    yield items.slice(start, start + roundTrip);
  }
}

function redisFailure(where: string, error: unknown): BerthError {
  const { message } = error as Error;
  return /^(NOAUTH|WRONGPASS|NOPERM|ERR (invalid password|AUTH))/.test(message)
    ? berthError('CredentialsRefused', `${where}: ${message}; check BERTH_EMBEDDING_CACHE`)
    : berthError('StoreUnavailable', `${where}: ${message}; is it up?`);
}

function withoutCredentials(url: string): string {
  const parsed = new URL(url);
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}
