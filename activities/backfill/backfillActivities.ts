import type { BackfillActivities } from '../../workflows/contracts/backfill/activities.ts';
import type { EmbedPageInput } from '../../workflows/contracts/backfill/pages.ts';
import { formatStoreRef } from '../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { Embedder } from '../embeddings/embedder.ts';
import {
  createEndpointEmbedder,
  type EndpointKnowledge,
  endpointLimits,
} from '../embeddings/endpointEmbedder.ts';
import { createTextSplitter } from '../embeddings/nativeSplitter.ts';
import type { SharedCache } from '../embeddings/sharedCache.ts';
import { type AimdLimiter, createAimdLimiter } from '../platform/aimdLimiter.ts';
import type { BerthConfig } from '../platform/config.ts';
import type { Logger } from '../platform/logging.ts';
import type { Paths } from '../platform/paths.ts';
import { openSource } from '../sources/openSource.ts';
import type { Stores } from '../stores/stores.ts';
import { abandonCollection } from './abandonCollection.ts';
import type { BackfillDeps } from './backfillDeps.ts';
import { createClosePartition } from './closePartition.ts';
import { deleteMissing } from './deleteMissing.ts';
import { dropOldCollections } from './dropOldCollections.ts';
import { createEmbeddingRates } from './embeddingRates.ts';
import { createEmbedPage } from './embedPage.ts';
import { estimateBackfill } from './estimateBackfill.ts';
import { createFinishBackfill } from './finishBackfill.ts';
import { finishLoad } from './finishLoad.ts';
import { createJobFiles } from './jobFiles.ts';
import { listCollections } from './listCollections.ts';
import { planBackfill } from './planBackfill.ts';
import { planCatchUp } from './planCatchUp.ts';
import { prepareCollections } from './prepareCollections.ts';
import { type Pulse, withPulse } from './pulse.ts';
import { recordingRates } from './recordRates.ts';
import type { ResolveEmbeddingDeps } from './resolveEmbedding.ts';
import { switchAlias } from './switchAlias.ts';
import { verifyCollection } from './verifyCollection.ts';
import { createWritePage } from './writePage.ts';

export interface BackfillActivitiesDeps {
  paths: Paths;
  config: Pick<BerthConfig, 'sources'>;
  logger: Logger;
  env: NodeJS.ProcessEnv;
  stores: Pick<Stores, 'use' | 'own'>;
  cache: Pick<SharedCache, 'use'>;
  warmModel: ResolveEmbeddingDeps['warmModel'];
}

/** Requests to one store at a time, by what it bears. */
const storeLimits = { min: 1, max: 16, start: 4 };

/** Activities of the host worker for backfills. */
export function createBackfillActivities(input: BackfillActivitiesDeps): BackfillActivities {
  const { paths, config, logger, env, stores, cache, warmModel } = input;
  const files = createJobFiles(paths);
  const deps: BackfillDeps = {
    ...{ paths, logger, env, stores, warmModel, openSource },
    sourceDeps: { allowed: config.sources, env },
    cache: cache.use,
    splitter: createTextSplitter,
    useLedger: files.useLedger,
    rates: createEmbeddingRates(paths.embeddingRates),
  };
  const limiters = byName<AimdLimiter>(() => createAimdLimiter(storeLimits));
  const embedPage = createEmbedPage({ ...deps, files, embedder: endpointEmbedders(env) });
  const writePage = createWritePage({
    ...deps,
    files,
    limiter: (ref) => limiters(formatStoreRef(ref)),
  });
  const pulsed = <T>(work: (pulse: Pulse) => Promise<T>): Promise<T> => withPulse(work);
  return {
    planBackfill: (job) => pulsed((pulse) => planBackfill(deps, job, pulse)),
    estimateBackfill: (job) => pulsed((pulse) => estimateBackfill(deps, job, pulse)),
    prepareCollections: (job) => pulsed(() => prepareCollections(deps, job)),
    embedPage: recordingRates(deps.rates, embedPage),
    writePage,
    closePartition: createClosePartition({ paths, files }),
    planCatchUp: (job) => pulsed((pulse) => planCatchUp(deps, job, pulse)),
    finishLoad: (step) => pulsed(() => finishLoad(deps, step)),
    verifyCollection: (step) => pulsed((pulse) => verifyCollection(deps, step, pulse)),
    switchAlias: (change) => pulsed(() => switchAlias(deps, change)),
    deleteMissing: (step) => pulsed((pulse) => deleteMissing(deps, step, pulse)),
    dropOldCollections: (step) => pulsed(() => dropOldCollections(deps, step)),
    abandonCollection: (step) => pulsed(() => abandonCollection(deps, step)),
    finishBackfill: (job) => pulsed(() => createFinishBackfill({ paths })(job)),
    listCollections: ({ stores: asked }) => pulsed(() => listCollections({ stores }, asked)),
  };
}

/** The embedder of a host's pages: an endpoint, whose limiter all pages share. */
function endpointEmbedders(env: NodeJS.ProcessEnv): (input: EmbedPageInput) => Promise<Embedder> {
  const limiters = byName<AimdLimiter>(() => createAimdLimiter(endpointLimits));
  const knowledge = byName<EndpointKnowledge>(() => ({}));
  return async ({ request, embedding: spec }) => {
    const { embedder } = request;
    if (embedder.kind !== 'endpoint') {
      throw berthError(
        'Unexpected',
        'a host embeds by endpoints only: its devices embed by models',
      );
    }
    const { url, model } = embedder;
    const known = knowledge(JSON.stringify([url, model, spec.dimensions]));
    return createEndpointEmbedder({ url, model, spec, env, limiter: limiters(url), known });
  };
}

function byName<T>(create: () => T): (name: string) => T {
  const known = new Map<string, T>();
  return (name) => {
    const value = known.get(name) ?? create();
    known.set(name, value);
    return value;
  };
}
