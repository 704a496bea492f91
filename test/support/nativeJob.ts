import type { NativeJob } from '../../native/addon/index.ts';

/** Resolves once the job has done something, so that a test can interfere with it half way. */
export async function underWay(job: NativeJob<unknown>): Promise<void> {
  let ended = false;
  const end = () => {
    ended = true;
  };
  job.result.then(end, end);
  while (job.progress() === 0 && !ended) await new Promise(setImmediate);
}
