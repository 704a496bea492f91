import type { WatchedJob } from '../platform/heartbeat.ts';

/** One long operation made of several native jobs: adds up their progress, stops them together. */
export interface Work {
  readonly signal: AbortSignal;
  /** Awaits a job, counting its bytes; stops it when the work is cancelled. */
  run<T>(job: WatchedJob<T>): Promise<T>;
  /** Bytes done so far. */
  progress(): number;
  cancel(): void;
}

export function createWork(): Work {
  const controller = new AbortController();
  const { signal } = controller;
  const running = new Set<WatchedJob<unknown>>();
  let finished = 0;
  return {
    signal,
    async run(job) {
      running.add(job);
      const stop = () => job.cancel();
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      try {
        return await job.result;
      } finally {
        signal.removeEventListener('abort', stop);
        running.delete(job);
        finished += job.progress();
      }
    },
    progress: () => [...running].reduce((sum, job) => sum + job.progress(), finished),
    cancel: () => controller.abort(),
  };
}
