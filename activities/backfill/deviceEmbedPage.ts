import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { LeasedBridge } from '../devices/leasedBridge.ts';
import { createBridgeEmbedder } from '../embeddings/bridgeEmbedder.ts';
import { createTextSplitter } from '../embeddings/nativeSplitter.ts';
import type { SharedCache } from '../embeddings/sharedCache.ts';
import type { Logger } from '../platform/logging.ts';
import type { Paths } from '../platform/paths.ts';
import { openSource } from '../sources/openSource.ts';
import type { SourceDeps } from '../sources/recordSource.ts';
import { createEmbeddingRates } from './embeddingRates.ts';
import { createEmbedPage, type EmbedPage } from './embedPage.ts';
import { recordingRates } from './recordRates.ts';

export interface DeviceEmbedPageDeps {
  bridge: Pick<LeasedBridge, 'use'>;
  paths: Paths;
  sourceDeps: SourceDeps;
  cache: Pick<SharedCache, 'use'>;
  logger: Logger;
}

/**
 * Pages of a device: the leased bridge starts when the first text is not in the cache, and keeps its
 * model from page to page.
 * @throws BerthError as createEmbedPage; ScratchLost when the model was evicted, LeaseFenced, BridgeFailed, InvalidModel
 */
export function createDeviceEmbedPage(deps: DeviceEmbedPageDeps): EmbedPage {
  const { bridge, paths, sourceDeps, cache, logger } = deps;
  const embedPage = createEmbedPage({
    paths,
    openSource,
    sourceDeps,
    cache: cache.use,
    splitter: createTextSplitter,
    logger,
    async embedder({ lease, modelPath, jobId, embedding }) {
      if (lease === null || modelPath === null) {
        throw berthError(
          'InvalidRequest',
          `job ${jobId}: a device embeds under a lease, with a model`,
        );
      }
      return createBridgeEmbedder({
        bridge: await bridge.use(lease),
        modelPath,
        spec: embedding,
        // Goes with the job, whatever a killed worker has left in it.
        scratch: join(paths.pages(jobId), 'texts'),
      });
    },
  });
  const embedWarm: EmbedPage = async (input) => {
    if (input.modelPath !== null && !existsSync(input.modelPath)) {
      throw berthError(
        'ScratchLost',
        `${input.modelPath}: the model is not warm any more; it has to be opened again`,
      );
    }
    return embedPage(input);
  };
  return recordingRates(createEmbeddingRates(paths.embeddingRates), embedWarm);
}
