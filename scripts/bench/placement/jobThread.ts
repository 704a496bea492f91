import { parentPort, workerData } from 'node:worker_threads';
import { type Job, readTraces, runJob } from './jobs.ts';

/** A worker thread of the placement benchmark: answers every job with its outcome. */
const traces = await readTraces(workerData.nodes, workerData.pods);
parentPort!.on('message', (job: Job) => parentPort!.postMessage(runJob(traces, job)));
