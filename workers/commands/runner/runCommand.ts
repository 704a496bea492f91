import { setTimeout as delay } from 'node:timers/promises';
import { berthError, failureTypes } from '../../../workflows/contracts/errors.ts';
import type { Lease } from '../../../workflows/contracts/lease.ts';
import type { HoldClient } from './holdClient.ts';
import type { CommandEnd, Revocation } from './superviseCommand.ts';
import { type WaitOptions, waitForLease } from './waitForLease.ts';

export interface RunCommandDeps {
  hold: HoldClient;
  noWait: boolean;
  onWaiting: WaitOptions['onWaiting'];
  onGranted(lease: Lease, waitedSeconds: number): void;
  /** Runs the command once under the lease (runLeased). */
  runOnce(lease: Lease, restarts: number): Promise<CommandEnd>;
  notify(line: string): void;
  signal: AbortSignal;
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

/**
 * Waits for the lease, runs the command, gives back; again as often as the pool revokes the lease
 * and queues the request anew.
 * @throws BerthError LeaseRevoked, its details a RunReport, when the lease was taken back for good, and
 *   all of waitForLease and runLeased. The hold has been told to end, if its server can be reached.
 */
export async function runCommand(deps: RunCommandDeps): Promise<RunReport> {
  const { hold } = deps;
  const runs: RunReport['runs'] = [];
  let waited = 0;
  let ran = 0;
  for (;;) {
    const asked = performance.now();
    const lease = await waitForLease(hold, {
      ...deps,
      before: runs.map(({ leaseId }) => leaseId),
    }).catch(async (error) => {
      // What it failed of says more than that the request could not be withdrawn, either.
      await hold.withdraw().catch(() => undefined);
      throw error;
    });
    const begun = performance.now();
    waited += begun - asked;
    deps.onGranted(lease, waited / 1000);
    const end = await deps.runOnce(lease, runs.length).catch(async (error) => {
      const message = finished(lease, 'the command was not started', true);
      await hold.finish(message).catch(() => undefined);
      throw error;
    });
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
