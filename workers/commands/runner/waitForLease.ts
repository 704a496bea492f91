import { setTimeout as delay } from 'node:timers/promises';
import { berthError } from '../../../workflows/contracts/errors.ts';
import type { Lease } from '../../../workflows/contracts/lease.ts';
import type { Explanation } from '../../../workflows/contracts/pool/description.ts';
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
}

/** The first grants come at once: asked for often, then each second. */
const firstPausesMs = [50, 100, 200, 400];
const pauseMs = 1_000;

/**
 * Waits until the pool has lent what was asked for.
 * @throws BerthError of the pool's refusal; NoDeviceFree under `noWait`; LeaseRevoked or JobCancelled
 *   when the hold was ended by somebody; `signal.reason`
 */
export async function waitForLease(hold: HoldClient, options: WaitOptions): Promise<Lease> {
  const explaining = createExplaining(() => hold.explain());
  for (let look = 0; ; look += 1) {
    const { phase, lease, revoke, refused } = await hold.state();
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
    await delay(firstPausesMs[look] ?? pauseMs, undefined, { signal: options.signal }).catch(() => {
      throw options.signal.reason;
    });
  }
}
