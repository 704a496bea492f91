import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import weaviate from 'weaviate-client';
import { connectWeaviate } from '../../../activities/stores/drivers/weaviate/connection.ts';
import { toClassName } from '../../../activities/stores/drivers/weaviate/names.ts';
import { openWeaviateStore } from '../../../activities/stores/drivers/weaviateStore.ts';
import type { UpsertHarness } from './harness.ts';

/**
 * `insertMany` with ids and vectors; the graph grows meanwhile, by the same settings on both sides. The
 * client looks every 500 ms whether it has prepared a batch, so that by hand many at a time are best.
 */
export const weaviateAt = (url: string): UpsertHarness => ({
  name: 'Weaviate',
  points: 8_000,
  settings: [
    { batch: 100, parallel: 16 },
    { batch: 200, parallel: 4 },
    { batch: 200, parallel: 8 },
    { batch: 200, parallel: 16 },
    { batch: 500, parallel: 4 },
    { batch: 500, parallel: 8 },
  ],
  async open(tidy) {
    const options = { url, stackUrl: null, env: process.env };
    const folder = await mkdtemp(join(tmpdir(), 'berth-bench-'));
    tidy(() => rm(folder, { recursive: true, force: true }));
    const store = await openWeaviateStore({ ...options, folder });
    tidy(() => store.close());
    const { client, close } = await connectWeaviate(options);
    tidy(close);
    return {
      store,
      async byHand(collectionName) {
        const name = toClassName(collectionName);
        await client.collections.create(schemaOf(name) as never);
        const { data } = client.collections.use(name);
        return {
          async upsert(points) {
            const { hasErrors, errors } = await data.insertMany(
              points.map(({ id, vector, metadata, ...own }) => ({
                id,
                vectors: Array.from(vector),
                properties: { ...own, ...metadata } as never,
              })),
            );
            // It does not fail although objects of it did.
            if (hasErrors) throw new Error(Object.values(errors)[0]?.message);
          },
          drop: () => client.collections.delete(name),
        };
      },
    };
  },
});

/** As the driver's: the four fields of metadata can be filtered by, and Berth's own cannot. */
function schemaOf(name: string) {
  const { configure } = weaviate;
  const { hnsw, quantizer } = configure.vectorIndex;
  const unindexed = { indexFilterable: false, indexSearchable: false };
  const texts = ['text', 'sourceName', 'recordId', 'recordDigest'];
  return {
    name,
    vectorizers: configure.vectors.selfProvided({
      vectorIndexConfig: hnsw({ distanceMetric: 'cosine', quantizer: quantizer.none() }),
    }),
    invertedIndex: configure.invertedIndex({ stopwordsPreset: 'none' }),
    properties: [
      ...texts.map((text) => ({ name: text, dataType: 'text', ...unindexed })),
      { name: 'chunk', dataType: 'int', indexFilterable: false },
      { name: 'chunks', dataType: 'int', indexFilterable: false },
      { name: 'lang', dataType: 'text', indexSearchable: false, tokenization: 'field' },
      { name: 'year', dataType: 'number' },
      { name: 'score', dataType: 'number' },
      { name: 'draft', dataType: 'boolean' },
    ],
  };
}
