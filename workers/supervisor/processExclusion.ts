import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import { tryProcessLock } from './processLock.ts';

const pollMs = 10;

/**
 * Runs one thing at a time over all processes that use the same lock file. A holder that was killed
 * is noticed at once, by its pid and start time; one that is merely stopped keeps the lock, so no
 * late writer can undo what came after it.
 */
export function createProcessExclusion(path: string) {
  const oneAtATime = pLimit(1);
  return <T>(run: () => Promise<T>): Promise<T> =>
    oneAtATime(async () => {
      const lock = await acquire(path);
      try {
        return await run();
      } finally {
        await lock.release();
      }
    });
}

async function acquire(path: string) {
  for (;;) {
    const attempt = await tryProcessLock(path);
    if ('lock' in attempt) return attempt.lock;
    await delay(pollMs);
  }
}
