import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  log,
  workflowInfo,
} from '@temporalio/workflow';
import type { GpuPoolInput } from '../contracts/pool/messages.ts';
import { beginState, type PoolRunInput } from '../scheduling/beginState.ts';
import { carry } from '../scheduling/carriedState.ts';
import { schedule } from '../scheduling/schedule.ts';
import { createDetails } from './pool/details.ts';
import { createOutbox } from './pool/outbox.ts';
import { setPoolHandlers } from './pool/poolHandlers.ts';
import type { PoolRun } from './pool/poolRun.ts';
import { createHolderMessages } from './pool/tellHolders.ts';
import { createUsageRecorder } from './pool/usageRecorder.ts';
import { createWakeTimer } from './pool/wakeTimer.ts';

/** A shorter history than the server asks for: a worker that restarts replays it before it decides. */
const maxHistoryEvents = 3_000;

/**
 * Lends the devices of one pool, for ever: hears what holders and hosts say, decides once per
 * activation, and tells holders. One per pool, with the id `poolWorkflowId(pool)`; the first
 * heartbeat of a host starts it. It ignores a request to cancel it, as everybody's leases hang on it.
 *
 * Its shape is the entity workflow of Temporal's samples (safe-message-handlers), without its
 * asynchronous validators and without waiting handlers.
 */
export async function gpuPoolWorkflow(input: PoolRunInput): Promise<void> {
  const run: PoolRun = { state: beginState(input, Date.now()), dirty: true, handsOver: false };
  const outbox = createOutbox();
  const holders = createHolderMessages(run, outbox);
  setPoolHandlers(run, holders);
  await CancellationScope.nonCancellable(async () => {
    await lend(run, holders, () => run.handsOver || isLong(input));
    await condition(() => outbox.isIdle() && allHandlersFinished());
  });
  const { pool, maxHistoryEvents } = input;
  const carried = carry(run.state);
  const lost = run.state.unrecorded.length - carried.unrecorded.length;
  if (lost > 0)
    log.error('ended leases were not recorded: their hosts did not take them', { lost });
  await continueAsNew<typeof gpuPoolWorkflow>({ pool, maxHistoryEvents, carried });
}

function isLong(input: GpuPoolInput): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength > (input.maxHistoryEvents ?? maxHistoryEvents);
}

/** The main loop, until the run has to hand over. */
async function lend(
  run: PoolRun,
  holders: ReturnType<typeof createHolderMessages>,
  isOver: () => boolean,
): Promise<void> {
  const usage = createUsageRecorder(run);
  const details = createDetails(run);
  let woken = false;
  const timer = createWakeTimer(() => {
    woken = true;
  });
  while (!isOver()) {
    woken = false;
    const now = Date.now();
    const { dueAt } = run.state;
    if (run.dirty || (dueAt !== null && dueAt <= now)) {
      run.dirty = false;
      const decision = schedule(run.state, now);
      run.state = decision.state;
      holders.tellDecision(decision);
    }
    usage.recordDue(now);
    details.show(now);
    timer.wakeBy(run.state.dueAt);
    timer.wakeBy(usage.dueAt());
    await condition(() => run.dirty || woken || isOver());
  }
}
