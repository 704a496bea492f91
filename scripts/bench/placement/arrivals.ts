import { createRandom } from '../../../workflows/scheduling/placement/policies/randomNumbers.ts';
import { exponential, shuffled } from './draws.ts';
import type { Trace, TraceTask } from './trace.ts';

/** When to measure, in mean lifetimes. */
export interface Horizon {
  /** Before this nothing is counted. */
  from: number;
  until: number;
}

export interface Arrival {
  at: number;
  task: TraceTask;
  life: number;
}

/**
 * Poisson arrivals of the trace's tasks, all of them in drawn order before any comes again, with
 * exponential lifetimes of mean 1, that ask for `load` of the GPUs on average. The tasks that would be
 * there already come first, at time 0. Equal for every policy that is given the same seed.
 */
export function arrivalsOf(trace: Trace, load: number, seed: number, until: number): Arrival[] {
  const random = createRandom(seed);
  const demand = trace.tasks.reduce((sum, { gpuMilli }) => sum + gpuMilli, 0) / trace.tasks.length;
  const rate = (load * trace.capacityMilli) / demand;
  const arrivals: Arrival[] = [];
  let deck: TraceTask[] = [];
  const arrive = (at: number): void => {
    if (deck.length === 0) deck = shuffled(trace.tasks, random);
    arrivals.push({ at, task: deck.pop()!, life: exponential(1, random) });
  };
  for (let present = 0; present < rate; present++) arrive(0);
  for (let at = exponential(1 / rate, random); at < until; at += exponential(1 / rate, random)) {
    arrive(at);
  }
  return arrivals;
}
