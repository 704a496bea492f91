import { setTimeout as delay } from 'node:timers/promises';

/**
 * Fails with what did not come, and what was seen meanwhile, where a test would only be timed out.
 * @param seen Such as what the processes have said so far.
 */
export async function within<T>(
  what: string,
  promise: PromiseLike<T>,
  seen: () => unknown,
  ms = 120_000,
): Promise<T> {
  const over = new AbortController();
  const late = delay(ms, undefined, { signal: over.signal }).then(async () => {
    throw new Error(
      `${what}: nothing within ${ms / 1000} s; seen: ${JSON.stringify(await seen())}`,
    );
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    over.abort();
  }
}
