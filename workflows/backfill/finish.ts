import { CancellationScope, log, workflowInfo } from '@temporalio/workflow';
import type { FinishBackfillResult } from '../contracts/backfill/activities.ts';
import type { BackfillResult } from '../contracts/backfill/progress.ts';
import { formatStoreRef } from '../contracts/backfill/request.ts';
import { backfillActivities } from './activities.ts';
import { type BackfillContext, planOf } from './context.ts';
import { totalFailed } from './counts.ts';
import { reasonOf } from './reasonOf.ts';
import { storeStep } from './verify.ts';

/**
 * After the switch: removes what is not wanted any more, store by store. Too late to be cancelled, and
 * to fail: readers have moved, and the job's result says what stayed.
 */
export async function tidyStores(context: BackfillContext): Promise<void> {
  const { input, state } = context;
  const { request, hostId } = input;
  const { keepPrevious } = request;
  const note = (notice: string) => {
    state.notices = [...(state.notices ?? []), notice];
  };
  for (const [place, target] of state.targets.entries()) {
    const host = backfillActivities(hostId, formatStoreRef(target.store));
    const step = storeStep(context, target);
    const outcome = state.outcomes[place];
    const name = formatStoreRef(target.store);
    try {
      if (request.deleteMissing && request.replayOf === null) {
        context.show(`deleting what is gone from the source: ${name}`);
        const { records, notice } = await host.deleteMissing(step);
        if (notice !== undefined) note(notice);
        if (outcome !== undefined) outcome.missingDeleted = records;
      }
      if (!target.inPlace) await host.dropOldCollections({ ...step, keepPrevious });
    } catch (error) {
      note(`${name}: switched, but what is not wanted any more stayed: ${reasonOf(error)}`);
    }
  }
}

/** Gathers the dead letters and removes the job's files. */
export function finishJob({ input, state }: BackfillContext): Promise<FinishBackfillResult> {
  const { request, hostId } = input;
  return backfillActivities(hostId, 'dead letters').finishBackfill({ jobId: state.jobId, request });
}

/**
 * After a failure or a cancellation: new collections that no alias names go, dead letters stay.
 * The job's own failure matters more than one of tidying up.
 * @returns null when the dead letters could not be gathered
 */
export async function abandonJob(context: BackfillContext): Promise<FinishBackfillResult | null> {
  const { input, state } = context;
  return CancellationScope.nonCancellable(async () => {
    for (const [place, target] of state.targets.entries()) {
      const named = state.outcomes[place]?.mayBeNamed ?? false;
      if (target.inPlace || named) continue;
      const { physical } = target;
      try {
        const host = backfillActivities(input.hostId, `drop ${physical}`);
        await host.abandonCollection(storeStep(context, target));
      } catch (error) {
        log.warn('a new collection was not dropped', { physical, error: String(error) });
      }
    }
    try {
      return await finishJob(context);
    } catch (error) {
      log.warn('dead letters were not gathered', { error: String(error) });
      return null;
    }
  });
}

export function resultOf(
  context: BackfillContext,
  finished: FinishBackfillResult | null,
): BackfillResult {
  const { input, state } = context;
  const { counts } = state;
  const { records, chunks, tokens, embedded, reused } = counts;
  return {
    workflowId: workflowInfo().workflowId,
    jobId: state.jobId,
    collection: input.request.collection,
    ...{ records, chunks, tokens, embedded, reused },
    failed: finished?.failed ?? totalFailed(counts.failed),
    deadLetters: finished?.deadLetters ?? null,
    seconds: (Date.now() - state.startedAt) / 1000,
    contentDigest: planOf(context).embedding.contentDigest,
    stores: state.targets.map((target, place) => {
      const store = formatStoreRef(target.store);
      const outcome = state.outcomes[place];
      const own = counts.stores[store];
      return {
        ...{ store, physical: target.physical, previous: target.previous },
        inPlace: target.inPlace,
        points: outcome?.verification?.points ?? 0,
        written: own?.written ?? 0,
        unchanged: own?.unchanged ?? 0,
        removed: own?.removed ?? 0,
        missingDeleted: outcome?.missingDeleted ?? 0,
        recall: outcome?.verification?.recall ?? null,
      };
    }),
    ...(state.notices === undefined ? {} : { notices: state.notices }),
    estimate: state.estimate,
  };
}
