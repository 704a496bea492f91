import { join } from 'node:path';
import { execa } from 'execa';
import { open } from 'lmdb';
import { expect, onTestFinished, test } from 'vitest';
import { cacheKey } from '../../activities/embeddings/cacheKey.ts';
import { openEmbeddingCache } from '../../activities/embeddings/openCache.ts';
import { folderForTest } from '../support/modelFolder.ts';
import { describeEmbeddingCache } from './embeddingCache.ts';

describeEmbeddingCache('lmdb', async () => {
  const embeddingCache = join(await folderForTest(), 'a.folder', 'embeddings');
  return {
    open: () => openEmbeddingCache({ paths: { embeddingCache }, env: {} }),
    async overwrite(change) {
      const database = open<Buffer, Buffer>({
        path: embeddingCache,
        noSubdir: false,
        encoding: 'binary',
        keyEncoding: 'binary',
      });
      const all = [...database.getRange()].map(({ key, value }) => ({
        key: Buffer.from(key),
        value: Buffer.from(value),
      }));
      for (const { key, value } of all) await database.put(key, change(value));
      await database.close();
      return all.length;
    },
  };
});

/** Another process copies the value of one key to another one, while this process has it open. */
const copier = `
import { open } from 'lmdb';
const [path, from, to] = process.argv.slice(1);
const options = { path, noSubdir: false, encoding: 'binary', keyEncoding: 'binary' };
const database = open(options);
const value = database.get(Buffer.from(from, 'hex'));
await database.put(Buffer.from(to, 'hex'), value);
await database.close();
`;

test('embedding cache: lmdb: several processes share it', async () => {
  const embeddingCache = join(await folderForTest(), 'embeddings');
  const cache = await openEmbeddingCache({ paths: { embeddingCache }, env: {} });
  onTestFinished(() => cache.close());
  const spec = {
    contentDigest: 'ab'.repeat(32),
    pooling: 'mean',
    normalize: false,
    dimensions: 2,
    maxTokens: 8,
  } as const;
  const vector = new Float32Array([1, 2]);
  await cache.put(spec, [{ textDigest: 'first', vector }]);
  expect(await cache.get(spec, ['second'])).toEqual([undefined]);
  const keys = ['first', 'second'].map((text) => cacheKey(spec, text).toString('hex'));
  await execa(process.execPath, ['--input-type=module', '-e', copier, embeddingCache, ...keys]);
  expect(await cache.get(spec, ['second', 'first'])).toEqual([vector, vector]);
});
