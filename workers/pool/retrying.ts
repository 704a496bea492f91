import { setTimeout as delay } from 'node:timers/promises';

const firstDelayMs = 200;
const longestDelayMs = 2_000;

/**
 * Repeats `attempt` until it succeeds or `signal` aborts; a server that is away is no failure.
 * @param onFailure told the first failure of a row
 */
export async function retrying(
  attempt: () => Promise<void>,
  signal: AbortSignal,
  onFailure: (error: unknown) => void,
): Promise<void> {
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (failures === 0) onFailure(error);
    }
    await pause(Math.min(longestDelayMs, firstDelayMs * 2 ** failures), signal);
  }
}

/** A pause that ends early, and quietly, when `signal` aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
