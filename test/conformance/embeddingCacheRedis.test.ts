import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openEmbeddingCache } from '../../activities/embeddings/openCache.ts';
import { findRedis, type RedisServer, startRedis } from '../support/stores/redisServer.ts';
import { describeEmbeddingCache } from './embeddingCache.ts';

const missing = findRedis();

if (missing !== null) {
  test('embedding cache: redis', ({ skip }) => {
    if (process.env.CI) throw new Error(missing);
    skip(missing);
  });
} else {
  describe('a Redis server', () => {
    let server: RedisServer;
    const paths = { embeddingCache: '/nowhere' };
    const open = (url: string) =>
      openEmbeddingCache({ paths, env: { BERTH_EMBEDDING_CACHE: url } });

    beforeAll(async () => {
      server = await startRedis();
    });
    afterAll(() => server?.stop());

    describeEmbeddingCache('redis', async () => {
      const redis = new Redis(server.url);
      onTestFinished(() => redis.disconnect());
      const before = new Set(await redis.keys('berth:embedding:*'));
      return {
        open: () => open(server.url),
        async overwrite(change) {
          const all = (await redis.keysBuffer('berth:embedding:*')).filter(
            (key) => !before.has(key.toString()),
          );
          for (const key of all) {
            await redis.set(key, change((await redis.getBuffer(key)) ?? Buffer.alloc(0)));
          }
          return all.length;
        },
      };
    });

    test('entries stay until Redis needs the room', async () => {
      const cache = await open(server.url);
      onTestFinished(() => cache.close());
      const redis = new Redis(server.url);
      onTestFinished(() => redis.disconnect());
      const before = new Set(await redis.keys('berth:embedding:*'));
      const spec = {
        contentDigest: randomBytes(32).toString('hex'),
        pooling: 'mean',
        normalize: false,
        dimensions: 1,
        maxTokens: 8,
      } as const;
      await cache.put(spec, [{ textDigest: 'ab', vector: new Float32Array([1]) }]);
      const [key] = (await redis.keysBuffer('berth:embedding:*')).filter(
        (name) => !before.has(name.toString()),
      );
      expect(await redis.ttl(key as Buffer)).toBe(-1);
    });

    // Somebody's own server may ask for none.
    test.runIf(!process.env.REDIS_URL)(
      'a wrong password is named without printing it',
      async () => {
        const url = new URL(server.url);
        url.password = 'guessed';
        await expect(open(url.href)).rejects.toMatchObject({
          type: 'CredentialsRefused',
          message: expect.not.stringMatching(/guessed|quay/),
        });
      },
    );
  });
}

test('a server that is not there, and an address that is none', async () => {
  const open = (url: string) =>
    openEmbeddingCache({
      paths: { embeddingCache: '/nowhere' },
      env: { BERTH_EMBEDDING_CACHE: url },
    });
  await expect(open('redis://me:hidden@127.0.0.1:1')).rejects.toMatchObject({
    type: 'StoreUnavailable',
    message: expect.not.stringMatching(/hidden/),
  });
  await expect(open('memcached://hidden')).rejects.toMatchObject({
    type: 'InvalidRequest',
    message: expect.not.stringMatching(/hidden/),
  });
});
