import { rm } from 'node:fs/promises';
import { createEndpointEmbedder } from '../activities/embeddings/endpointEmbedder.ts';
import { findPython } from '../activities/platform/python.ts';
import { createEmbedQuery } from '../activities/search/embedQuery.ts';
import { createQueryActivities } from '../activities/search/queryActivities.ts';
import { createQueryBridge } from '../activities/search/queryBridge.ts';
import { createStores } from '../activities/stores/stores.ts';
import { berthError } from '../workflows/contracts/errors.ts';
import { queryTaskQueue } from '../workflows/contracts/ids.ts';
import { createReportedBridge } from './reportedBridge.ts';
import { runWorker } from './runWorker.ts';
import { createStackUrl } from './stackUrl.ts';
import { readHostId } from './supervisor/hostId.ts';

/** A query is a short text; more threads would only take cores from those who lease them. */
const threads = 1;

/** Answers searches: embeds single texts on the processor, without a lease and without any key. */
await runWorker('query', async ({ paths, logger }) => {
  const hostId = await readHostId(paths);
  if (hostId === undefined) {
    throw berthError('StackUnavailable', `${paths.hostId} is absent: run berth up`);
  }
  // Texts of a query whose worker was killed: nobody else would ever remove them.
  await rm(paths.queries, { recursive: true, force: true });
  const { env } = process;
  const stores = createStores({ env, stackUrl: createStackUrl(paths), home: paths.home });
  // Queries run on the processor, whatever devices there are.
  const device = { env: { CUDA_VISIBLE_DEVICES: '' } };
  const start = createReportedBridge({ python: findPython(), device, threads, logger });
  const bridge = createQueryBridge(start);
  const embed = createEmbedQuery({
    paths,
    bridge,
    endpoint: ({ url, model }, spec) => createEndpointEmbedder({ url, model, spec, env }),
  });
  return {
    taskQueue: queryTaskQueue(hostId),
    activities: createQueryActivities({ paths, stores, embed }),
    close: async () => {
      await Promise.all([bridge.close(), stores.close()]);
    },
  };
});
