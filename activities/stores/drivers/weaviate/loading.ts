import { setTimeout as pause } from 'node:timers/promises';
import type { VectorStore } from '../../vectorStore.ts';
import type { WeaviateCollections } from './collections.ts';
import type { WeaviateConnection } from './connection.ts';
import { toClassName } from './names.ts';

const firstPause = 50;
const longestPause = 2_000;

/**
 * Weaviate indexes what it is given before it answers; a server that was started with ASYNC_INDEXING
 * has a queue, whose end is waited for.
 */
export function createWeaviateLoading(
  { client, call }: WeaviateConnection,
  { fresh }: Pick<WeaviateCollections, 'fresh'>,
): Pick<VectorStore, 'beginLoad' | 'finishLoad'> {
  const queued = async (physical: string): Promise<number> => {
    const collection = toClassName(physical);
    const nodes = await call('read', physical, () =>
      client.cluster.nodes({ collection, output: 'verbose' }),
    );
    const shards = nodes.flatMap((node) => node.shards ?? []);
    return shards.reduce((sum, { vectorQueueLength = 0 }) => sum + vectorQueueLength, 0);
  };

  return {
    async beginLoad(physical) {
      await fresh(physical);
    },

    async finishLoad(physical) {
      await fresh(physical);
      for (let wait = firstPause; (await queued(physical)) > 0; ) {
        // The interface tells of the end by nothing but this answer.
        await pause(wait);
        wait = Math.min(wait * 1.5, longestPause);
      }
    },
  };
}
