import { setTimeout as delay } from 'node:timers/promises';
import { berthError } from '../../../workflows/contracts/errors.ts';
import type { Lease } from '../../../workflows/contracts/lease.ts';

export interface WhileLeasedDeps {
  lease: Lease;
  /** Whether the pool says that the lease is over; undefined when it cannot be asked. */
  leaseIsOver(): Promise<boolean | undefined>;
  /** Ends it, too, with its reason. */
  signal: AbortSignal;
  /** Between two questions to the pool, ms. */
  lookMs?: number;
}

/** Bounds the waiting for others by the life of a lease under which nothing runs yet. */
export interface WhileLeased {
  /**
   * The work's own end, or, when that comes first, the lease's or the signal's.
   * @throws BerthError LeaseFenced when the pool has taken the lease back; StackUnavailable when its
   *   time is over and nobody could be asked; `signal.reason`
   */
  during<T>(work: Promise<T>): Promise<T>;
  /** Nothing is waited for any more. */
  isOver(): boolean;
  stop(): void;
}

/** A pool that takes longer to answer, past the lease's time, cannot be asked, ms. */
const silentMs = 10_000;

/** Looks at the lease only once something takes longer than `lookMs`. */
export function whileLeased(deps: WhileLeasedDeps): WhileLeased {
  const { lease, signal, lookMs = 2_000 } = deps;
  // By the monotonic clock from here on.
  const expiresAt = performance.now() + lease.expiresAt - Date.now();
  const stopped = new AbortController();
  let isOver = false;
  const over = new Promise<never>((_, reject) => {
    const end = (reason: unknown): void => {
      isOver = true;
      reject(reason);
    };
    if (signal.aborted) end(signal.reason);
    signal.addEventListener('abort', () => end(signal.reason), {
      once: true,
      signal: stopped.signal,
    });
    look().then((reason) => {
      if (reason !== undefined) end(reason);
    }, end);
  });
  over.catch(() => undefined);

  async function look(): Promise<unknown> {
    const { leaseId } = lease;
    for (;;) {
      await delay(lookMs, undefined, { signal: stopped.signal }).catch(() => undefined);
      if (stopped.signal.aborted) return undefined;
      const isLost = await Promise.race([
        deps.leaseIsOver(),
        delay(Math.max(silentMs, expiresAt - performance.now()), undefined, { ref: false }),
      ]);
      if (isLost) {
        return berthError('LeaseFenced', `lease ${leaseId}: over before its command was started`);
      }
      // A pool that answers may have given it more time.
      if (isLost === undefined && performance.now() > expiresAt) {
        const why = `lease ${leaseId}: its time is over and the supervisor is away; see berth status`;
        return berthError('StackUnavailable', why);
      }
    }
  }

  return {
    during: (work) => {
      work.catch(() => undefined);
      return Promise.race([work, over]);
    },
    isOver: () => isOver,
    stop: () => stopped.abort(),
  };
}
