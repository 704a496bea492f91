import type {
  BackfillPlan,
  PlanBackfillInput,
} from '../../workflows/contracts/backfill/activities.ts';
import type { BackfillRequest, EmbeddingSpec } from '../../workflows/contracts/backfill/request.ts';
import type { SourcePlan } from '../../workflows/contracts/backfill/source.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import { resolveAllowed } from '../platform/allowedPaths.ts';
import type { BackfillDeps } from './backfillDeps.ts';
import { checkLayout } from './checkLayout.ts';
import { readKnownItems } from './knownItems.ts';
import type { Pulse } from './pulse.ts';
import { readReplay } from './replay.ts';
import { resolveEmbedding } from './resolveEmbedding.ts';
import { splitterOptions } from './splitterOptions.ts';

/** Each partition is a child workflow, and its borders travel in workflow state. */
const maxPartitions = 10_000;
/** Of the borders of all partitions as JSON: they are one payload, of which Temporal takes 2 MiB. */
const maxBorderBytes = 2 ** 20;

/**
 * Finds the borders of the partitions, who embeds, and everything that would fail later: stores that
 * do not answer or cannot do what is asked, wrong credentials, files that are not there. Writes
 * nothing but what the source unpacks.
 * @throws BerthError as resolveEmbedding, openStore and the source; StoreUnsupported, InvalidRequest
 *   (also of a source without any record), SourceNotAllowed
 */
export async function planBackfill(
  deps: BackfillDeps,
  { jobId, request }: PlanBackfillInput,
  { signal, report }: Pulse,
): Promise<BackfillPlan> {
  await checkFiles(deps, request);
  const source = await deps.openSource(request.source, deps.sourceDeps);
  try {
    const { embedding, artifact, modelPath } = await resolveEmbedding(deps, request);
    if (artifact !== null) checkChunkSize(request, embedding);
    await deps.splitter(splitterOptions(request, embedding, modelPath));
    for (const ref of request.stores) {
      const store = await deps.stores.use(ref);
      checkLayout(ref, store.capabilities, request.layout, embedding.dimensions);
      await store.resolveAlias(request.collection);
    }
    const plan = await planWithin(maxBorderBytes, maxPartitions, (most) =>
      source.plan({
        partitionRecords: request.pageRecords * request.partitionPages,
        maxPartitions: most,
        scratch: deps.paths.backfill(jobId).scratch,
        signal,
        onProgress: (done, total) => report({ done, total }),
      }),
    );
    const { records, partitions } = plan;
    if (records === 0) throw emptySource(request);
    deps.logger.info({ jobId, records, partitions: partitions.length, artifact }, 'planned');
    return { ...plan, embedding, artifact };
  } finally {
    await source.close();
  }
}

/** Longer chunks would be cut before they are embedded. */
function checkChunkSize({ splitter }: BackfillRequest, { maxTokens }: EmbeddingSpec): void {
  if (splitter.maxTokens !== null && splitter.maxTokens > maxTokens) {
    throw berthError(
      'InvalidRequest',
      `chunk size ${splitter.maxTokens}: the model takes ${maxTokens} tokens; choose at most that, or leave it`,
    );
  }
}

/** An export that failed must not empty what people search. */
const emptySource = ({ source, collection }: BackfillRequest) =>
  berthError(
    'InvalidRequest',
    `source ${source.name}: holds no records, so ${collection} was left as it is; check ${source.location}`,
  );

/** Plans again with fewer and larger partitions while their borders take more bytes than they may. */
export async function planWithin(
  bytes: number,
  most: number,
  plan: (maxPartitions: number) => Promise<SourcePlan>,
): Promise<SourcePlan> {
  const planned = await plan(most);
  const taken = Buffer.byteLength(JSON.stringify(planned.partitions), 'utf8');
  const { length } = planned.partitions;
  // One that gives more than it was asked for would be asked for ever.
  if (taken <= bytes || length <= 1 || length > most) return planned;
  // A little fewer than would do, as later borders have longer numbers.
  return planWithin(bytes, Math.max(1, Math.floor((0.9 * length * bytes) / taken)), plan);
}

async function checkFiles(
  { paths, sourceDeps }: Pick<BackfillDeps, 'paths' | 'sourceDeps'>,
  { verification, replayOf }: BackfillRequest,
): Promise<void> {
  if (verification.knownItems !== null) {
    await readKnownItems(await resolveAllowed(verification.knownItems, 'file', sourceDeps.allowed));
  }
  if (replayOf !== null) await readReplay(paths, replayOf);
}
