import { dirname } from 'node:path';
import { createSharedCache } from '../activities/embeddings/sharedCache.ts';
import { createHostActivities } from '../activities/hostActivities.ts';
import type { Paths } from '../activities/platform/paths.ts';
import { createStores } from '../activities/stores/stores.ts';
import { setNotDumpable } from '../native/addon/index.ts';
import { berthError } from '../workflows/contracts/errors.ts';
import { hostTaskQueue } from '../workflows/contracts/ids.ts';
import { createOpenBackfillCheck } from './openBackfills.ts';
import { createOpenIngestCheck } from './openIngests.ts';
import { runWorker } from './runWorker.ts';
import { createStackUrl } from './stackUrl.ts';
import { readHostId } from './supervisor/hostId.ts';
import { removePartialFiles } from './supervisor/leftovers.ts';

/** More than any job has in flight, so that a short activity never waits behind long ones. */
const maxConcurrentActivityTaskExecutions = 32;

/** Where only this process writes: what is half-written there was begun by one that died. */
const ownFolders = ({ store, keys, warmIndex }: Paths): string[] => [
  ...[store.manifests, store.wrapsRoot, store.tags],
  ...[keys, dirname(warmIndex)],
];

/** Serves the host's files: the only process that holds keys, so nobody may look into its memory. */
setNotDumpable();

await runWorker('host', async ({ paths, config, logger, client }) => {
  const hostId = await readHostId(paths);
  if (hostId === undefined) {
    throw berthError('StackUnavailable', `${paths.hostId} is absent: run berth up`);
  }
  await Promise.all(ownFolders(paths).map(removePartialFiles));
  const { env } = process;
  const stores = createStores({ env, stackUrl: createStackUrl(paths), home: paths.home });
  const cache = createSharedCache({ paths, env });
  return {
    taskQueue: hostTaskQueue(hostId),
    maxConcurrentActivityTaskExecutions,
    activities: createHostActivities({
      ...{ paths, config, logger, env, stores, cache },
      isOpen: createOpenIngestCheck(client),
      isJobOpen: createOpenBackfillCheck(client),
    }),
    async close() {
      await Promise.all([stores.close(), cache.close()]);
    },
  };
});
