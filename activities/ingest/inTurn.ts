import pLimit from 'p-limit';
import type { Work } from '../artifacts/work.ts';

/**
 * Runs `run` over items, `atOnce` at a time. The first failure cancels the work, keeps the rest from
 * starting and is thrown once nothing runs any more; what was cancelled for it is not reported.
 */
export async function inTurn<T, R>(
  items: readonly T[],
  run: (item: T) => Promise<R>,
  { work, atOnce }: { work: Work; atOnce: number },
): Promise<R[]> {
  const limit = pLimit(atOnce);
  const all = items.map((item) =>
    limit(async () => {
      work.signal.throwIfAborted();
      try {
        return await run(item);
      } catch (error) {
        work.cancel();
        throw error;
      }
    }),
  );
  try {
    return await Promise.all(all);
  } finally {
    await Promise.allSettled(all);
  }
}
