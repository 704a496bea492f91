import { occupy, place, vacate } from '../../../workflows/scheduling/placement/place.ts';
import type { PolicyName } from '../../../workflows/scheduling/placement/policies/createPolicy.ts';
import { createRandom } from '../../../workflows/scheduling/placement/policies/randomNumbers.ts';
import type { Placement } from '../../../workflows/scheduling/state.ts';
import { arrivalsOf, type Horizon } from './arrivals.ts';
import { emptyCluster } from './cluster.ts';
import { createMinHeap } from './minHeap.ts';
import type { Trace } from './trace.ts';

export interface DeparturesRun {
  /** Allocated part of the GPUs, %, on average over time. */
  allocation: number;
  /** Part of the GPUs asked for that was turned away, %. */
  rejected: number;
  placements: number;
  seconds: number;
}

/** One run with departures in which a task that fits nowhere is lost. */
export function departuresOnce(
  trace: Trace,
  policy: PolicyName,
  load: number,
  seed: number,
  { from, until }: Horizon,
): DeparturesRun {
  const arrivals = arrivalsOf(trace, load, seed, until);
  const index = emptyCluster(trace, policy, createRandom(seed + 1_000_000), null);
  const leaving = createMinHeap<{ placement: Placement; gpuMilli: number }>();
  let clock = 0;
  let used = 0;
  let usedTime = 0;
  let asked = 0;
  let lost = 0;
  const advance = (to: number): void => {
    usedTime += used * Math.max(0, Math.min(to, until) - Math.max(clock, from));
    clock = to;
  };
  const begun = performance.now();
  for (const { at, task, life } of arrivals) {
    while (leaving.next() <= at) {
      advance(leaving.next());
      const gone = leaving.pop()!;
      vacate(index, gone.placement);
      used -= gone.gpuMilli;
    }
    advance(at);
    const placement = place(index, task.resources);
    if (at >= from) asked += task.gpuMilli;
    if (placement) {
      occupy(index, placement);
      used += task.gpuMilli;
      leaving.push(at + life, { placement, gpuMilli: task.gpuMilli });
    } else if (at >= from) lost += task.gpuMilli;
  }
  advance(until);
  return {
    allocation: (100 * usedTime) / ((until - from) * trace.capacityMilli),
    rejected: (100 * lost) / asked,
    placements: arrivals.length,
    seconds: (performance.now() - begun) / 1000,
  };
}
