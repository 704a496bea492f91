import {
  ActivityFailure,
  CancellationScope,
  CancelledFailure,
  ContinueAsNew,
  continueAsNew,
  isCancellation,
  setHandler,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { BackfillResult } from '../contracts/backfill/progress.ts';
import { mintArtifactId } from '../ingest/state.ts';
import { planRound } from './catchUp.ts';
import { type BackfillContext, createBackfillContext, progressOf } from './context.ts';
import { awaitLeave, setControlHandler, watchDeadline, watchWindow } from './control.ts';
import { runPartitions, takeReport } from './fill.ts';
import { abandonJob, finishJob, resultOf, tidyStores } from './finish.ts';
import { backfillProgressQuery, partitionProgressSignal } from './messages.ts';
import { queueLength } from './partitionQueue.ts';
import { planJob, prepareTargets } from './plan.ts';
import { type BackfillRunInput, startState } from './state.ts';
import { switchAliases } from './switchAliases.ts';
import { finishLoads, verifyStores } from './verify.ts';

/**
 * Embeds a corpus into one or more vector stores: plan, partitions, catch-up, indexes, verification
 * of all stores, switch. On failure or cancellation before the switch no alias has moved and new
 * collections are gone; what was embedded stays in the cache.
 */
export async function backfillEmbeddingsWorkflow(input: BackfillRunInput): Promise<BackfillResult> {
  const state = input.resume ?? startState(mintArtifactId(Math.random), input, Date.now());
  const scope = new CancellationScope();
  const context = createBackfillContext(input, state, () => scope.cancel());
  setHandler(backfillProgressQuery, () => progressOf(context));
  setHandler(partitionProgressSignal, ({ jobId = state.jobId, index, counts }) => {
    const partition = context.running.get(index);
    // A partition of a job that was terminated ends some time after it.
    if (partition === undefined || jobId !== state.jobId) return;
    partition.counts = counts;
    takeReport(context);
  });
  setControlHandler(context);
  try {
    return await scope.run(() => runWatched(context));
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    const { fault } = context;
    const cancelled = fault === null && wasCancelled(error);
    context.enter('failed', cancelled ? 'cancelled; tidying up' : 'failed; tidying up');
    const deadLetters = (await abandonJob(context))?.deadLetters ?? null;
    const letters = deadLetters === null ? '' : `; dead letters: ${deadLetters}`;
    context.show(`${cancelled ? 'cancelled' : 'failed'}${letters}`);
    if (fault !== null) throw fault(deadLetters);
    throw cancelled && !isCancellation(error) ? new CancelledFailure('cancelled') : error;
  }
}

/** Runs the job while its hours and its deadline are watched. */
async function runWatched(context: BackfillContext): Promise<BackfillResult> {
  const watches = new CancellationScope();
  const watching = watches.run(() => Promise.all([watchWindow(context), watchDeadline(context)]));
  watching.catch(() => undefined);
  try {
    return await runBackfill(context);
  } finally {
    watches.cancel();
  }
}

async function runBackfill(context: BackfillContext): Promise<BackfillResult> {
  const { input, state } = context;
  if (state.stage === 'plan') {
    await planJob(context);
    if (input.dryRun) {
      // Its source may have been unpacked.
      await finishJob(context);
      context.enter('done', 'estimated');
      return resultOf(context, null);
    }
    await awaitLeave(context);
    await prepareTargets(context);
    context.enter('fill', 'filling');
  }
  do {
    await runPartitions(context);
    if (queueLength(state.queue) > 0) await handOver(context);
    await awaitLeave(context);
  } while (await planRound(context));
  await finishLoads(context);
  await awaitLeave(context);
  await verifyStores(context);
  await awaitLeave(context);
  await switchAliases(context);
  return CancellationScope.nonCancellable(async () => {
    await tidyStores(context);
    const finished = await finishJob(context);
    context.enter('done', 'done');
    return resultOf(context, finished);
  });
}

/** No partition is under way, so a run can hand its state to a fresh one. */
async function handOver({ input, state }: BackfillContext): Promise<void> {
  await continueAsNew<typeof backfillEmbeddingsWorkflow>({ ...input, resume: state });
}

/** A worker that dies before it heeds a cancellation ends in a time-out: the job was cancelled still. */
function wasCancelled(error: unknown): boolean {
  const timedOut = error instanceof ActivityFailure && error.cause instanceof TimeoutFailure;
  return isCancellation(error) || (timedOut && CancellationScope.current().consideredCancelled);
}
