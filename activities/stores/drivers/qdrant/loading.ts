import { setTimeout as pause } from 'node:timers/promises';
import { berthError } from '../../../../workflows/contracts/errors.ts';
import type { VectorStore } from '../../vectorStore.ts';
import type { QdrantConnection } from './connection.ts';
import { onceLoaded, whileLoading } from './layout.ts';

const firstPause = 50;
const longestPause = 2_000;

/** Bulk load: segments are written without a graph, which is built once at the end. */
export function createQdrantLoading({
  client,
  where,
  call,
}: QdrantConnection): Pick<VectorStore, 'beginLoad' | 'finishLoad'> {
  const optimize = (physical: string, optimizers: { indexing_threshold: number }) =>
    call('configure', physical, () =>
      client.updateCollection(physical, { optimizers_config: optimizers }),
    );

  return {
    async beginLoad(physical) {
      await optimize(physical, whileLoading);
    },

    async finishLoad(physical) {
      await optimize(physical, onceLoaded);
      for (let wait = firstPause; ; wait = Math.min(wait * 1.5, longestPause)) {
        const info = await call('read', physical, () => client.getCollection(physical));
        if (info.status === 'green') return;
        if (info.status === 'red') {
          const reason = typeof info.optimizer_status === 'object' && info.optimizer_status?.error;
          throw berthError(
            'StoreUnavailable',
            `${where}: ${physical} cannot be indexed: ${reason || 'it says red'}; see the server's log`,
          );
        }
        // Grey waits for an update before it goes on (after a restart): this is one.
        if (info.status === 'grey') await optimize(physical, onceLoaded);
        // The interface tells of the end by nothing but this answer.
        await pause(wait);
      }
    },
  };
}
