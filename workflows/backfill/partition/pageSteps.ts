import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import type {
  EmbedPageInput,
  EmbedPageResult,
  PageContext,
} from '../../contracts/backfill/pages.ts';
import { formatStoreRef } from '../../contracts/backfill/request.ts';
import type { FailureType } from '../../contracts/errors.ts';
import type { Lease } from '../../contracts/lease.ts';
import { embeddingActivities, pageActivities } from '../activities.ts';
import { countPage } from '../counts.ts';
import { type PartitionContext, partitionName } from './context.ts';

/** Where a page begins. */
export interface PagePlace {
  page: number;
  cursor: string | null;
}

/** Who embeds the pages of a stretch; null: an endpoint, by way of the host. */
export type PageEmbedder = { lease: Lease; taskQueue: string; modelPath: string } | null;

/** Splits and embeds one page, whose vectors stay in a file on the host. */
export function embedPage(
  { input }: PartitionContext,
  embedder: PageEmbedder,
  { page, cursor }: PagePlace,
): Promise<EmbedPageResult> {
  const summary = `${partitionName(input)} page ${page}`;
  const embed: EmbedPageInput = {
    ...pageContext(input),
    lease: embedder?.lease ?? null,
    modelPath: embedder?.modelPath ?? null,
    partition: input.partition,
    page,
    cursor,
  };
  const activities =
    embedder === null
      ? pageActivities(input.hostId, summary)
      : embeddingActivities(embedder.taskQueue, summary);
  return activities.embedPage(embed);
}

/** Writes an embedded page into every store at a time; once all have it, the state says so. */
export async function writePage(
  context: PartitionContext,
  { page }: PagePlace,
  made: EmbedPageResult,
): Promise<ReturnType<typeof countPage>> {
  const { input } = context;
  const { jobId, request, embedding, partition } = input;
  const outcomes = await Promise.allSettled(
    input.targets.map(async (target) => {
      const store = formatStoreRef(target.store);
      const summary = `${partitionName(input)} page ${page} → ${store}`;
      const result = await pageActivities(input.hostId, summary).writePage({
        ...{ jobId, request, embedding, target, partition: partition.index, page },
      });
      return { store, result };
    }),
  );
  const errors = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  );
  // A page that is lost can be made again, so whatever else went wrong matters more.
  const worst = errors.find((error) => !pageWasLost(error)) ?? errors[0];
  if (worst !== undefined) throw worst;
  return countPage(
    made,
    outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])),
  );
}

/** Whether a page's vectors are gone from the host: it has to be embedded again. */
export const pageWasLost = (error: unknown): boolean => hasFailed(error, 'PageLost');

/** Whether a page could not be embedded because its source or the cache does not answer. */
export const isOutage = (error: unknown): boolean =>
  error instanceof ActivityFailure &&
  error.activityType === 'embedPage' &&
  (hasFailed(error, 'SourceUnavailable') || hasFailed(error, 'StoreUnavailable'));

/** Whether an activity ended with a failure of that type. */
export function hasFailed(error: unknown, type: FailureType): boolean {
  return (
    error instanceof ActivityFailure &&
    error.cause instanceof ApplicationFailure &&
    error.cause.type === type
  );
}

const pageContext = ({ jobId, request, embedding, artifact }: PageContext): PageContext => ({
  ...{ jobId, request, embedding, artifact },
});
