import {
  CancellationScope,
  condition,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { failure } from '../contracts/errors.ts';
import type { FinishHoldMessage, HoldLeaseInput, HoldLeaseResult } from '../contracts/pool/hold.ts';
import { createHold, type Hold } from './hold/hold.ts';
import { holdDetails } from './hold/holdDetails.ts';
import { leaseInbox } from './leaseInbox.ts';
import { releaseLease, requestLease, withdrawRequest } from './poolClient.ts';
import { finishHoldSignal, holdStateQuery } from './poolMessages.ts';
import { waitForNews } from './waitForLease.ts';

/** The runner of a command whose lease is over says how it ended; when it is gone, nobody does, ms. */
const lastWordMs = 60_000;

/**
 * Holds a lease on behalf of one `berth run`, which watches it by Query and starts the command.
 * It ends when the command has (`finishHold`), when the pool has taken the lease back for good, or
 * when it is cancelled: the lease is given back then, and the host ends the command.
 *
 * @throws ApplicationFailure of the pool's refusal; StackUnavailable when the pool does not run
 */
export async function holdLeaseWorkflow(input: HoldLeaseInput): Promise<HoldLeaseResult> {
  const { pool } = input;
  const { workflowId, runId } = workflowInfo();
  const request = { ...input.request, holder: { workflowId, runId } };
  const inbox = leaseInbox();
  const claim = inbox.open(request.requestId);
  const hold = createHold(claim, Date.now());
  const show = () => setCurrentDetails(holdDetails(pool, request, hold.state()));
  const finished: FinishHoldMessage[] = [];
  let last: FinishHoldMessage | undefined;
  claim.onNews = () => {
    hold.update(Date.now());
    show();
  };
  setHandler(finishHoldSignal, (message) => void finished.push(message));
  setHandler(holdStateQuery, () => hold.state());
  show();
  try {
    await requestLease(pool, request);
    while (last === undefined && !hold.isOver()) {
      const waits = () => hold.state().phase === 'waiting';
      const heard = () => finished.length > 0 || hold.isOver();
      if (waits()) await waitForNews(pool, request, () => heard() || !waits());
      else await condition(() => heard() || waits());
      last = await takeFinish(pool, hold, finished);
    }
    if (last === undefined && hold.state().refused === null) {
      await condition(() => finished.length > 0, lastWordMs);
      last = finished.shift();
    }
  } finally {
    inbox.close(claim);
    await CancellationScope.nonCancellable(() => giveBack(input, hold, last));
    hold.end(Date.now());
    show();
  }
  const { refused, revoke } = hold.state();
  if (refused !== null) throw failure(refused.type, refused.message);
  return hold.result(last?.reason ?? `taken back: ${revoke?.reason}`);
}

/** What `again` ends is one lease, whose devices the pool gets before the grace is over. */
async function takeFinish(
  pool: string,
  hold: Hold,
  finished: FinishHoldMessage[],
): Promise<FinishHoldMessage | undefined> {
  const message = finished.shift();
  const { lease, revoke } = hold.state();
  if (message?.again !== true || message.leaseId === null || hold.isOver()) return message;
  const { leaseId, cleared } = message;
  // A lease that nobody took back is not followed by another one.
  if (revoke?.leaseId !== leaseId || !revoke.requeued) return message;
  if (lease?.leaseId === leaseId) hold.waitAgain(Date.now());
  await releaseLease(pool, { leaseId, cleared });
  return undefined;
}

async function giveBack(
  { pool, request }: HoldLeaseInput,
  hold: Hold,
  finish: FinishHoldMessage | undefined,
): Promise<void> {
  const { lease, phase, revoke } = hold.state();
  if (finish !== undefined && finish.leaseId !== null) {
    await releaseLease(pool, { leaseId: finish.leaseId, cleared: finish.cleared });
  }
  // Its host sees that it is over, ends what may run under it, and says when that is done.
  if (lease !== null && lease.leaseId !== finish?.leaseId) {
    await releaseLease(pool, { leaseId: lease.leaseId, cleared: [] });
  }
  if (phase === 'waiting' || revoke?.requeued === true) {
    await withdrawRequest(pool, request.requestId);
  }
}
