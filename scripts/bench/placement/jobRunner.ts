import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Job, type Outcomes, runJob, type TraceInput } from './jobs.ts';

export interface JobFiles {
  nodes: string;
  pods: readonly string[];
}

/**
 * Runs simulations, one after the other in this thread or side by side in `threads` of them; they do
 * not depend on each other, and the outcomes are in the order of the jobs.
 */
export async function runJobs<M extends Job['mode']>(
  files: JobFiles,
  traces: readonly TraceInput[],
  jobs: readonly Extract<Job, { mode: M }>[],
  threads: number,
): Promise<Outcomes[M][]> {
  const outcomes: Outcomes[M][] = [];
  if (threads === 1) {
    for (const job of jobs) outcomes.push(runJob(traces, job) as Outcomes[M]);
    return outcomes;
  }
  let next = 0;
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('jobThread.js', import.meta.url), { workerData: files });
    try {
      while (next < jobs.length) {
        const at = next++;
        worker.postMessage(jobs[at]);
        [outcomes[at]] = (await once(worker, 'message')) as [Outcomes[M]];
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, jobs.length) }, work));
  return outcomes;
}
