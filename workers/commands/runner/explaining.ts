import type { Explanation } from '../../../workflows/contracts/pool/description.ts';

/** A newest explanation of the pool, asked for in the background now and then. */
export interface Explaining {
  /** Asks anew where that is due. */
  look(): void;
  /** Undefined until the pool knows the request. */
  newest(): Explanation | undefined;
}

const leastMs = 2_000;
const timesAsLong = 20;

/**
 * An explanation may cost a pool tens of decisions, which all who lend there wait for: it is asked
 * for at most every two seconds, and its making takes at most a twentieth of the time.
 * @param ask Must not reject.
 * @param now Milliseconds of a monotonic clock.
 */
export function createExplaining(
  ask: () => Promise<Explanation | undefined>,
  now: () => number = () => performance.now(),
): Explaining {
  let newest: Explanation | undefined;
  let dueAt = 0;
  let asking = false;

  async function askOnce(): Promise<void> {
    const begun = now();
    newest = await ask();
    const took = now() - begun;
    // A pool that has not heard of the request yet says so at no cost.
    dueAt = begun + Math.max(newest === undefined ? 0 : leastMs, took * timesAsLong);
    asking = false;
  }

  return {
    look() {
      if (asking || now() < dueAt) return;
      asking = true;
      void askOnce();
    },
    newest: () => newest,
  };
}
