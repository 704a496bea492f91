import { CancellationScope, condition, workflowInfo } from '@temporalio/workflow';
import { type PartitionReport, recordsRead } from '../contracts/backfill/pages.ts';
import { failure } from '../contracts/errors.ts';
import { type BackfillContext, currentCounts, isHeld } from './context.ts';
import { addCounts, totalFailed } from './counts.ts';
import { queueLength, takePartition } from './partitionQueue.ts';
import { addSample } from './rate.ts';
import { startPartition } from './startPartition.ts';

/**
 * Runs the queued partitions in order, as many at a time as the control says. The first failure
 * ends the others, and the job. Returns with partitions still queued when the history is long: none
 * is under way then, so that a fresh run can go on.
 */
export async function runPartitions(context: BackfillContext): Promise<void> {
  const { state, running } = context;
  const scope = new CancellationScope();
  let failed: { error: unknown } | undefined;

  const canStart = () =>
    failed === undefined &&
    queueLength(state.queue) > 0 &&
    running.size < state.control.concurrency &&
    !isHeld(context) &&
    !CancellationScope.current().consideredCancelled &&
    !hasLongHistory(context);
  const isOver = () =>
    running.size === 0 &&
    (failed !== undefined || queueLength(state.queue) === 0 || hasLongHistory(context));

  const fail = (error: unknown) => {
    failed ??= { error };
    scope.cancel();
  };
  try {
    while (!isOver()) {
      const partition = canStart() ? takePartition(state.queue) : undefined;
      if (partition === undefined) {
        await condition(() => canStart() || isOver());
        continue;
      }
      scope
        .run(() => startPartition(context, partition))
        .then((report) => finishPartition(context, report))
        .catch((error) => {
          keepCounts(context, partition.index);
          fail(error);
        })
        .finally(() => running.delete(partition.index));
    }
  } catch (error) {
    // Cancelled: nothing may be tidied up while partitions write.
    await CancellationScope.nonCancellable(() => condition(() => running.size === 0));
    throw failed?.error ?? error;
  }
  if (failed !== undefined) throw failed.error;
}

function finishPartition(context: BackfillContext, { index, counts }: PartitionReport): void {
  const { state, running } = context;
  running.delete(index);
  state.counts = addCounts(state.counts, counts);
  state.partitions.done += 1;
  takeReport(context);
}

/** Of a partition that failed: a job that fails tells of its records too. */
function keepCounts({ state, running }: BackfillContext, index: number): void {
  const partition = running.get(index);
  running.delete(index);
  if (partition !== undefined) state.counts = addCounts(state.counts, partition.counts);
}

/** After a partition has said how far it is. */
export function takeReport(context: BackfillContext): void {
  const { state, input } = context;
  const counts = currentCounts(context);
  state.samples = addSample(state.samples, { at: Date.now(), records: recordsRead(counts) });
  const { done, total } = state.partitions;
  context.show(`${done} of ${total} partitions done`);
  const failed = totalFailed(counts.failed);
  const { collection, maxFailures } = input.request;
  if (failed <= maxFailures) return;
  const found = `${failed} records failed (${failureList(counts.failed)}), at most ${maxFailures} may`;
  context.endWith((deadLetters) => {
    const letters = deadLetters === null ? '' : ` (${deadLetters})`;
    const message = `${collection}: ${found}; nothing was switched; see the dead letters${letters}, or set --max-failures`;
    return failure('TooManyFailures', message, {
      ...{ jobId: state.jobId, failed: counts.failed, deadLetters },
    });
  });
}

const failureList = (failed: object): string =>
  Object.entries(failed)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', ');

export function hasLongHistory({ input }: BackfillContext): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  if (input.maxHistoryLength === undefined) return continueAsNewSuggested;
  return historyLength >= input.maxHistoryLength;
}
