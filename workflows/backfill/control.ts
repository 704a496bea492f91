import { condition, setHandler, sleep } from '@temporalio/workflow';
import type { ControlChange, PartitionControl } from '../contracts/backfill/messages.ts';
import { failure } from '../contracts/errors.ts';
import { type BackfillContext, isHeld } from './context.ts';
import { windowState } from './dailyWindow.ts';
import { controlBackfillUpdate } from './messages.ts';

const maxConcurrency = 64;

/** Least time between two reports of all partitions together, s. */
const reportSeconds = 10;

/** Lets people change how the job runs, while it does. */
export function setControlHandler(context: BackfillContext): void {
  const { state } = context;
  setHandler(
    controlBackfillUpdate,
    (change) => {
      state.control = { ...state.control, ...known(change) };
      tellPartitions(context);
      context.show(state.message);
      return state.control;
    },
    { validator: (change) => checkChange(context, change) },
  );
}

/** What each partition is to obey now. */
export function partitionControl(context: BackfillContext): PartitionControl {
  const { state, running } = context;
  const { recordsPerSecond, concurrency } = state.control;
  // The last ones share what the others no longer use, but are told only when something changes.
  const ahead = Math.min(concurrency, running.size + state.queue.from.length);
  // More than are asked for may be under way still, after the number was lowered.
  const atATime = Math.max(1, running.size, ahead);
  return {
    paused: isHeld(context),
    recordsPerSecond: recordsPerSecond === null ? null : recordsPerSecond / atATime,
    reportSeconds: reportSeconds * atATime,
  };
}

function tellPartitions(context: BackfillContext): void {
  const control = partitionControl(context);
  for (const partition of context.running.values()) partition.tell(control);
}

/** Keeps the job within its window of the day, for as long as the scope lives. */
export async function watchWindow(context: BackfillContext): Promise<void> {
  const { input } = context;
  const { between } = input.request;
  // A dry run only reads.
  if (between === null || input.dryRun) return;
  for (;;) {
    const { inside, changesInMs } = windowState(between, Date.now());
    context.outsideWindow = !inside;
    context.opensAt = inside ? null : Date.now() + changesInMs;
    tellPartitions(context);
    context.show(context.state.message);
    await sleep(changesInMs);
  }
}

/** Ends the job when its deadline passes. */
export async function watchDeadline(context: BackfillContext): Promise<void> {
  const { input } = context;
  const { deadline } = input.request;
  if (deadline === null || input.dryRun) return;
  const left = Date.parse(deadline) - Date.now();
  if (left > 0) await sleep(left);
  const exceeded = deadlineExceeded(context);
  context.endWith(() => exceeded);
}

/** Before a step that must not begin while the job is paused, out of its hours, or too late. */
export async function awaitLeave(context: BackfillContext): Promise<void> {
  await condition(() => !isHeld(context));
  const { deadline } = context.input.request;
  if (deadline !== null && Date.now() >= Date.parse(deadline)) throw deadlineExceeded(context);
}

function deadlineExceeded({ input, state }: BackfillContext) {
  const { collection, deadline } = input.request;
  const message = `${collection}: not done by ${deadline}, in stage ${state.stage}; nothing was switched; run it again with a later deadline: what is embedded comes from the cache`;
  return failure('DeadlineExceeded', message);
}

function checkChange({ state, committed }: BackfillContext, change: ControlChange): void {
  const refuse = (message: string) => failure('InvalidRequest', message);
  const { paused, recordsPerSecond, concurrency } = change ?? {};
  if (committed || state.stage === 'done' || state.stage === 'failed') {
    throw refuse(`the backfill is in stage ${state.stage}: there is nothing left to control`);
  }
  if (paused !== undefined && typeof paused !== 'boolean') {
    throw refuse(`paused: ${String(paused)}, expected true or false`);
  }
  const isRate = typeof recordsPerSecond === 'number' && recordsPerSecond > 0;
  if (recordsPerSecond !== undefined && recordsPerSecond !== null) {
    if (!isRate || !Number.isFinite(recordsPerSecond)) {
      throw refuse(
        `recordsPerSecond: ${String(recordsPerSecond)}, expected a number above 0, or null`,
      );
    }
  }
  const isCount = Number.isInteger(concurrency) && Number(concurrency) >= 1;
  if (concurrency !== undefined && (!isCount || concurrency > maxConcurrency)) {
    throw refuse(
      `concurrency: ${String(concurrency)}, expected a whole number from 1 to ${maxConcurrency}`,
    );
  }
}

/** Without fields that say nothing: they would hide what holds. */
function known({ paused, recordsPerSecond, concurrency }: ControlChange): ControlChange {
  return {
    ...(paused === undefined ? {} : { paused }),
    ...(recordsPerSecond === undefined ? {} : { recordsPerSecond }),
    ...(concurrency === undefined ? {} : { concurrency }),
  };
}
