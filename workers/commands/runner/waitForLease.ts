import { setTimeout as delay } from 'node:timers/promises';
import { BerthError, berthError } from '../../../workflows/contracts/errors.ts';
import type { Lease } from '../../../workflows/contracts/lease.ts';
import type { Explanation } from '../../../workflows/contracts/pool/description.ts';
import type { HoldLeaseState } from '../../../workflows/contracts/pool/hold.ts';
import { createExplaining } from './explaining.ts';
import type { HoldClient } from './holdClient.ts';

export interface WaitOptions {
  /** Leases that are over: another one is waited for. */
  before: readonly string[];
  /** Refuses to wait. */
  noWait: boolean;
  /** Hears the pool's newest explanation at each look; undefined while there is none. */
  onWaiting(explanation: Explanation | undefined): void;
  /** Ends the waiting with its reason. */
  signal: AbortSignal;
  /** For a stack that restarts, ms: the request keeps its place meanwhile. */
  patienceMs?: number;
}

/** The first grants come at once: asked for often, then each second. */
const firstPausesMs = [50, 100, 200, 400];
const pauseMs = 1_000;

/**
 * Waits until the pool has lent what was asked for.
 * @throws BerthError of the pool's refusal; NoDeviceFree under `noWait`; LeaseRevoked or JobCancelled
 *   when the hold was ended by somebody; StackUnavailable; `signal.reason`
 */
export async function waitForLease(hold: HoldClient, options: WaitOptions): Promise<Lease> {
  const explaining = createExplaining(() => hold.explain());
  const askState = patientState(hold, options);
  for (let look = 0; ; look += 1) {
    const { phase, lease, revoke, refused } = await askState();
    if (refused !== null) throw berthError(refused.type, refused.message);
    if (lease !== null && phase === 'held' && !options.before.includes(lease.leaseId)) return lease;
    if (phase === 'ended') {
      const why = 'the command was not started';
      // Taken back before it was seen here, the hold waits for the last word of its command.
      await hold.finish({ leaseId: null, reason: revoke?.message ?? why, cleared: [] });
      const { reason } = await hold.result();
      throw berthError('LeaseRevoked', `${hold.workflowId}: ${why}: ${reason}`);
    }
    const explanation = explaining.newest();
    // Without a reason it is next, and granted in a moment.
    if (options.noWait && explanation?.state === 'waiting' && explanation.reasons.length > 0) {
      throw berthError('NoDeviceFree', `not lent at once: ${explanation.text}`);
    }
    // What comes at once needs no words.
    const isLong = look >= firstPausesMs.length;
    if (look + 1 >= firstPausesMs.length || options.noWait) explaining.look();
    if (isLong) options.onWaiting(explanation);
    await pause(firstPausesMs[look] ?? pauseMs, options.signal);
  }
}

/** The hold's state, of a stack that may be away for a while. */
function patientState(
  hold: HoldClient,
  { noWait, patienceMs = 30_000, signal }: WaitOptions,
): () => Promise<HoldLeaseState> {
  return async () => {
    const giveUpAt = performance.now() + (noWait ? 0 : patienceMs);
    for (;;) {
      try {
        return await hold.state();
      } catch (error) {
        const isAway = error instanceof BerthError && error.type === 'StackUnavailable';
        if (!isAway || performance.now() >= giveUpAt) throw error;
      }
      await pause(pauseMs, signal);
    }
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {
    throw signal.reason;
  });
}
