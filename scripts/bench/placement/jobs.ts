import type { PolicyName } from '../../../workflows/scheduling/placement/policies/createPolicy.ts';
import type { Horizon } from './arrivals.ts';
import { type DeparturesRun, departuresOnce } from './departures.ts';
import { type FillRun, fillOnce } from './fill.ts';
import { lpPrices } from './lpPrices.ts';
import { type QueueRun, queueOnce } from './queue.ts';
import { readTrace, type Trace } from './trace.ts';

interface Common {
  /** Position among the traces. */
  trace: number;
  policy: PolicyName;
  seed: number;
}

/** One simulation; plain JSON, as it goes to a worker thread. */
export type Job =
  | (Common & { mode: 'fill' })
  | (Common & { mode: 'departures'; load: number; horizon: Horizon })
  | (Common & { mode: 'queue'; load: number; horizon: Horizon; maxMoves: number });

export interface Outcomes {
  fill: FillRun;
  departures: DeparturesRun;
  queue: QueueRun;
}

export interface TraceInput {
  trace: Trace;
  prices: Record<string, number>;
}

export async function readTraces(nodes: string, pods: readonly string[]): Promise<TraceInput[]> {
  const traces: TraceInput[] = [];
  for (const path of pods) {
    const trace = await readTrace(nodes, path);
    traces.push({ trace, prices: await lpPrices(trace.typical) });
  }
  return traces;
}

export function runJob(traces: readonly TraceInput[], job: Job): Outcomes[Job['mode']] {
  const { trace, prices } = traces[job.trace]!;
  const { policy, seed } = job;
  switch (job.mode) {
    case 'fill':
      return fillOnce(trace, policy, seed, prices);
    case 'departures':
      return departuresOnce(trace, policy, job.load, seed, job.horizon);
    case 'queue':
      return queueOnce(trace, policy, job.load, seed, job.maxMoves, job.horizon);
  }
}
