import { rm } from 'node:fs/promises';
import type {
  BackfillEstimate,
  BackfillPlan,
  PlanBackfillInput,
} from '../../workflows/contracts/backfill/activities.ts';
import {
  type BackfillControl,
  formatStoreRef,
} from '../../workflows/contracts/backfill/request.ts';
import type { BackfillDeps } from './backfillDeps.ts';
import { chooseCollection } from './collectionChoice.ts';
import type { Pulse } from './pulse.ts';
import { sampleSource } from './sampleSource.ts';
import { presentCollections, wantedCollection } from './wantedCollection.ts';

/**
 * What a job would do, from some thousand records all over the source; all of them where it is small.
 * Leaves nothing behind.
 * @throws BerthError as planBackfill
 */
export async function estimateBackfill(
  deps: BackfillDeps,
  { jobId, request, plan }: PlanBackfillInput & { plan: BackfillPlan },
  pulse: Pulse,
): Promise<BackfillEstimate> {
  const { embedding, artifact } = plan;
  const sample = await sampleSource(deps, { jobId, request, plan }, pulse);
  const looked = sample.records + sample.failed;
  const scale = sample.complete || looked === 0 ? 1 : plan.records / looked;
  const scaled = (count: number) => Math.round(count * scale);
  const chunks = scaled(sample.chunks);
  const toEmbed = scaled(sample.toEmbed);
  const rate = await deps.rates.read(embedding.contentDigest);
  const price = request.pricePerMillionTokens;
  const wanted = await wantedCollection(deps, {
    ...{ jobId, request, embedding, artifact },
    createdAt: new Date().toISOString(),
  });
  const stores: BackfillEstimate['stores'] = [];
  for (const ref of request.stores) {
    const store = await deps.stores.use(ref);
    const present = await presentCollections(store, request.collection);
    const { inPlace } = chooseCollection(present, request, wanted);
    const current = present.current?.physical ?? null;
    const points = current === null ? 0 : await store.count(current);
    stores.push({ store: formatStoreRef(ref), inPlace, current, points });
  }
  // What the source unpacked: a dry run has no end that would remove it.
  await rm(deps.paths.backfill(jobId).root, { recursive: true, force: true });
  return {
    records: scaled(sample.records),
    ...{ chunks, toEmbed, reused: chunks - toEmbed, tokens: scaled(sample.tokens) },
    sampled: looked,
    failed: scaled(sample.failed),
    seconds:
      rate === undefined
        ? null
        : secondsOf(request.control, toEmbed / rate, scaled(sample.records)),
    cost: price === null ? null : (sample.tokensToEmbed * scale * price) / 1e6,
    stores,
  };
}

/** At `concurrency` devices of that speed, and no faster than the rate allows. */
function secondsOf(
  { concurrency, recordsPerSecond }: BackfillControl,
  deviceSeconds: number,
  records: number,
): number {
  const embedding = deviceSeconds / concurrency;
  return recordsPerSecond === null ? embedding : Math.max(embedding, records / recordsPerSecond);
}
