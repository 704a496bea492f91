import { setTimeout as delay } from 'node:timers/promises';
import { BerthError, berthError, failureTypes } from '../../../workflows/contracts/errors.ts';
import type { Lease } from '../../../workflows/contracts/lease.ts';
import type { HoldClient } from './holdClient.ts';
import type { NotStarted } from './runLeased.ts';
import type { CommandEnd, Revocation } from './superviseCommand.ts';
import { type WaitOptions, waitForLease } from './waitForLease.ts';

export interface RunCommandDeps {
  /** Asks for a lease, under a new request each time. @throws BerthError StackUnavailable … */
  ask(): Promise<HoldClient>;
  noWait: boolean;
  onWaiting: WaitOptions['onWaiting'];
  onGranted(lease: Lease, waitedSeconds: number): void;
  /** Runs the command once under the hold's lease (runLeased). */
  runOnce(hold: HoldClient, lease: Lease, restarts: number): Promise<CommandEnd | NotStarted>;
  notify(line: string): void;
  signal: AbortSignal;
  /** Before a lease is asked for anew, ms; longer each time that its command was not started. */
  pauseMs?: number;
}

/** How one `berth run` went; times in seconds. */
export interface RunReport {
  workflowId: string;
  /** Of the command, as shells count it; 1 when its lease was taken back for good. */
  exitCode: number;
  waitedSeconds: number;
  ranSeconds: number;
  runs: { leaseId: string; deviceIds: string[]; exitCode: number; revocation: Revocation | null }[];
}

/** A lease that is over before its command was started is nobody's fault once, or some times. */
const mostUnstarted = 10;

/**
 * Waits for the lease, runs the command, gives back; again as often as the pool revokes the lease
 * and queues the request anew, and when a lease was over before the command ever ran under it.
 * @throws BerthError LeaseRevoked, its details a RunReport, when the lease was taken back for good, and
 *   all of `ask`, waitForLease and runLeased. The hold has been told to end, if its server can be reached.
 */
export async function runCommand(deps: RunCommandDeps): Promise<RunReport> {
  const { signal, pauseMs = 1_000 } = deps;
  const runs: RunReport['runs'] = [];
  const over: string[] = [];
  let hold = await deps.ask();
  let waited = 0;
  let ran = 0;
  let unstarted = 0;

  /** The command has not been started, and will be under another lease; gives up after many times. */
  async function again(failure: unknown): Promise<void> {
    unstarted += 1;
    if (!isLost(failure) || unstarted >= mostUnstarted) throw failure;
    deps.notify(`${failure.message}; asking for another lease`);
    await pause(pauseMs * unstarted, signal);
  }

  for (;;) {
    const asked = performance.now();
    const lease = await waitForLease(hold, { ...deps, before: over }).catch(async (error) => {
      // What it failed of says more than that the request could not be withdrawn, either.
      await hold.withdraw().catch(() => undefined);
      await again(error);
    });
    const begun = performance.now();
    waited += begun - asked;
    if (lease === undefined) {
      hold = await deps.ask();
      continue;
    }
    over.push(lease.leaseId);
    deps.onGranted(lease, waited / 1000);
    const end = await deps.runOnce(hold, lease, runs.length);
    if ('failure' in end) {
      const message = finished(lease, 'the command was not started', end.cleared);
      const isQueued = isLost(end.failure) && (await isQueuedAgain(hold, lease.leaseId));
      await hold.finish({ ...message, again: isQueued }).catch(() => undefined);
      await again(end.failure).catch(async (error) => {
        if (isQueued) await hold.withdraw().catch(() => undefined);
        throw error;
      });
      if (!isQueued) hold = await deps.ask();
      continue;
    }
    unstarted = 0;
    ran += performance.now() - begun;
    const { exitCode, revocation } = end;
    const deviceIds = lease.devices.map(({ deviceId }) => deviceId);
    runs.push({ leaseId: lease.leaseId, deviceIds, exitCode, revocation });
    const reason = revocation === null ? `exit code ${exitCode}` : revocation.message;
    if (revocation !== null && (await isQueuedAgain(hold, lease.leaseId))) {
      deps.notify('waiting for another lease to start the command again');
      await hold.finish({ ...finished(lease, reason, end.cleared), again: true });
      continue;
    }
    // Whatever becomes of the lease: how the command ended is what counts.
    await hold.finish(finished(lease, reason, end.cleared)).catch((error: Error) => {
      deps.notify(`the lease is not given back yet: ${error.message}`);
    });
    const report: RunReport = {
      workflowId: hold.workflowId,
      exitCode: revocation === null ? exitCode : failureTypes.LeaseRevoked.exit,
      waitedSeconds: waited / 1000,
      ranSeconds: ran / 1000,
      runs,
    };
    if (revocation === null) return report;
    throw berthError('LeaseRevoked', revocation.message, report);
  }
}

/** The lease was over before it could be used: nothing is wrong with what was asked for. */
function isLost(failure: unknown): failure is BerthError {
  return failure instanceof BerthError && ['LeaseFenced', 'LeaseRevoked'].includes(failure.type);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {
    throw signal.reason;
  });
}

function finished(lease: Lease, reason: string, cleared: boolean) {
  const devices = lease.devices.map(({ deviceId, epoch }) => ({ deviceId, epoch }));
  return { leaseId: lease.leaseId, reason, cleared: cleared ? devices : [] };
}

const looks = 20;
const lookMs = 500;

/** The holder hears of a revocation on another way than the runner: it may come a little later. */
async function isQueuedAgain(hold: HoldClient, leaseId: string): Promise<boolean> {
  for (let look = 0; look < looks; look += 1) {
    const { phase, lease, revoke } = await hold.state();
    if (phase === 'ended') return false;
    if (revoke?.leaseId === leaseId) return revoke.requeued;
    if (lease !== null && lease.leaseId !== leaseId) return true;
    await delay(lookMs);
  }
  return false;
}
