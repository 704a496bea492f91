import { setTimeout as delay } from 'node:timers/promises';
import { berthError } from '../../workflows/contracts/errors.ts';
import { isUnreachable, toBerthError } from './failures.ts';
import type { Session } from './session.ts';

const checkEveryMs = 2_000;
const retryAfterMs = 1_000;
/** The supervisor replaces its record when it restarts something: one bad look is no outage. */
const looksBeforeOutage = 2;

/**
 * Awaits the end of a job for as long as the stack is up: a server that restarts is asked again, a
 * stack that is gone ends the wait. The job itself goes on, or goes on later.
 * @param ask Waits for the result; called again when the server was unreachable.
 * @throws BerthError of the job's failure, or StackUnavailable.
 */
export async function awaitJob<T>(
  session: Session,
  what: string,
  ask: () => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  try {
    return await Promise.race([
      askUntilAnswered(ask, over.signal),
      failOnOutage(session, what, over.signal),
    ]);
  } catch (error) {
    throw toBerthError(error, what);
  } finally {
    over.abort();
  }
}

async function askUntilAnswered<T>(ask: () => Promise<T>, over: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (over.aborted || !isUnreachable(error)) throw error;
      await delay(retryAfterMs, undefined, { signal: over });
    }
  }
}

async function failOnOutage(session: Session, what: string, over: AbortSignal): Promise<never> {
  let outages = 0;
  for (;;) {
    await delay(checkEveryMs, undefined, { signal: over });
    const reason = await session.outage();
    outages = reason === undefined ? 0 : outages + 1;
    if (reason !== undefined && outages >= looksBeforeOutage) {
      throw berthError('StackUnavailable', `${what}: ${reason}`);
    }
  }
}
