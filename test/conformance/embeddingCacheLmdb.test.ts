import { join } from 'node:path';
import { open } from 'lmdb';
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
