import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/** No step of a job leaves its device alone for so long, ms. */
const idleLimitMs = 2 * 60_000;

/**
 * Ends what is left on a device that nobody uses any more. A holder clears its device when it gives
 * it back; one that was terminated, or whose clearing failed, does not, and its lease is taken back
 * without it.
 */
export function createIdleInterceptor(
  endAll: () => Promise<void>,
  limitMs = idleLimitMs,
): ActivityInterceptorsFactory {
  let timer: NodeJS.Timeout | undefined;
  return () => ({
    inbound: {
      async execute(input, next) {
        clearTimeout(timer);
        try {
          return await next(input);
        } finally {
          timer = setTimeout(() => void endAll(), limitMs).unref();
        }
      },
    },
  });
}
