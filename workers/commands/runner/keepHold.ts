import { setTimeout as delay } from 'node:timers/promises';
import type { HoldClient } from './holdClient.ts';
import type { SupervisorLink } from './supervisorLink.ts';

export interface KeepHoldDeps {
  pool: string;
  requestId: string;
  /** Connects to the supervisor that runs now. @throws BerthError StackUnavailable */
  connect(): Promise<SupervisorLink>;
  /** Between attempts to reach a supervisor that is away, ms. */
  retryMs?: number;
}

/** For a supervisor that does not answer, ms. */
const patienceMs = 2_000;

/** A connection to the supervisor by which it sees that this process lives. */
export interface HoldKeeper {
  /** The same hold; notes when it has been told to end. */
  watch(hold: HoldClient): HoldClient;
  /** Unless the hold was told to end, the supervisor tells it. */
  close(): Promise<void>;
}

/**
 * Stays connected from before a lease is asked for: when this process is killed, the supervisor ends
 * the hold. One that restarts is found again; while it is away, nothing is lost.
 */
export async function keepHold(deps: KeepHoldDeps): Promise<HoldKeeper> {
  const { pool, requestId, retryMs = 1_000 } = deps;
  const closing = new AbortController();
  const closed = new Promise((resolve) => {
    closing.signal.addEventListener('abort', resolve, { once: true });
  });
  let link: SupervisorLink | undefined;
  let told = false;

  async function attach(): Promise<void> {
    const found = await deps.connect();
    try {
      await Promise.race([found.ask({ type: 'hold', pool, requestId }, 'held'), closed]);
      closing.signal.throwIfAborted();
      link = found;
    } catch (error) {
      found.close();
      throw error;
    }
  }

  async function stay(): Promise<void> {
    while (!closing.signal.aborted) {
      await Promise.race([link?.closed, closed]);
      if (closing.signal.aborted) return;
      link = undefined;
      await delay(retryMs, undefined, { signal: closing.signal }).catch(() => undefined);
      // Away still: nothing is lost by asking again.
      if (!closing.signal.aborted) await attach().catch(() => undefined);
    }
  }

  await attach().catch(() => undefined);
  const staying = stay();
  return {
    watch: (hold) => ({
      ...hold,
      async finish(message) {
        await hold.finish(message);
        told ||= message.again !== true;
      },
      async withdraw() {
        await hold.withdraw();
        told = true;
      },
    }),
    async close() {
      closing.abort();
      await staying;
      // Should it not be heard: to end what has ended does no harm.
      const word = told ? link?.ask({ type: 'done', requestId }, 'done') : undefined;
      await Promise.race([word, delay(patienceMs, undefined, { ref: false })]).catch(
        () => undefined,
      );
      link?.close();
    },
  };
}
