import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits for a job's end and calls back with its progress meanwhile: at first at once, at last with
 * how it ended. An unanswered look is skipped: workers restart, and `result` judges whether the job
 * failed.
 */
export async function followProgress<P, R>(
  read: () => Promise<P>,
  result: () => Promise<R>,
  onProgress: (progress: P) => void,
  intervalMs: number,
): Promise<R> {
  const over = new AbortController();
  const following = follow(read, onProgress, intervalMs, over.signal);
  try {
    return await result();
  } finally {
    over.abort();
    await following;
    await read().then(onProgress, () => undefined);
  }
}

async function follow<P>(
  read: () => Promise<P>,
  onProgress: (progress: P) => void,
  intervalMs: number,
  over: AbortSignal,
): Promise<void> {
  while (!over.aborted) {
    const progress = await read().catch(() => undefined);
    if (progress !== undefined && !over.aborted) onProgress(progress);
    await delay(intervalMs, undefined, { signal: over }).catch(() => undefined);
  }
}
