import { connectQdrant } from '../../../activities/stores/drivers/qdrant/connection.ts';
import { whileLoading } from '../../../activities/stores/drivers/qdrant/layout.ts';
import { openQdrantStore } from '../../../activities/stores/drivers/qdrantStore.ts';
import type { UpsertHarness } from './harness.ts';

/** `upsert` that waits, a collection whose index is put off on both sides. */
export const qdrantAt = (url: string): UpsertHarness => ({
  name: 'Qdrant',
  points: 10_000,
  settings: [64, 128, 256].flatMap((batch) => [
    { batch, parallel: 2 },
    { batch, parallel: 4 },
  ]),
  async open(tidy) {
    const options = { url, stackUrl: null, env: process.env };
    const store = await openQdrantStore(options);
    tidy(() => store.close());
    const { client } = await connectQdrant(options);
    return {
      store,
      async byHand(collection, size) {
        await client.createCollection(collection, {
          vectors: { size, distance: 'Cosine' },
          optimizers_config: whileLoading,
        });
        return {
          upsert: (points) =>
            client.upsert(collection, {
              wait: true,
              points: points.map(({ id, vector, metadata, ...own }) => ({
                id,
                vector: Array.from(vector),
                payload: { ...own, ...metadata },
              })),
            }),
          drop: () => client.deleteCollection(collection),
        };
      },
    };
  },
});
