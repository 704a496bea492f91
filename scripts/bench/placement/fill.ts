import { occupy, place } from '../../../workflows/scheduling/placement/place.ts';
import type { PlacementIndex } from '../../../workflows/scheduling/placement/placementIndex.ts';
import type { PolicyName } from '../../../workflows/scheduling/placement/policies/createPolicy.ts';
import { createFragmentation } from '../../../workflows/scheduling/placement/policies/fragmentation.ts';
import { createRandom } from '../../../workflows/scheduling/placement/policies/randomNumbers.ts';
import { typicalWorkload } from '../../../workflows/scheduling/placement/policies/typicalWorkload.ts';
import { emptyCluster } from './cluster.ts';
import { draw, shuffled } from './draws.ts';
import type { Trace, TraceTask } from './trace.ts';

/** Demand that the tasks are tuned to, as a part of the GPUs. */
const tunedTo = 1.3;

/** Arrived demand, %, at which fragmentation is measured. */
const fragmentPercents: readonly number[] = [40, 80, 100, 130];

export interface FillRun {
  /** Allocated part of the GPUs, %, by arrived demand in whole %; the mean over a percent's events. */
  allocation: Record<number, number>;
  /** FGD's fragmentation of the whole cluster, % of the GPUs, when so much demand had just arrived. */
  fragmentation: Record<number, number>;
  placements: number;
  seconds: number;
}

/**
 * One run of FGD's experiment: tasks arrive in an order drawn by the seed, are placed one at a time
 * or dropped, and never leave.
 */
export function fillOnce(
  trace: Trace,
  policy: PolicyName,
  seed: number,
  prices: Record<string, number> | null,
): FillRun {
  const random = createRandom(seed);
  const tasks = tuned(trace, random);
  const index: PlacementIndex = emptyCluster(trace, policy, random, prices);
  const sums = new Map<number, { total: number; events: number }>();
  const fragments = fragmentMeter(trace);
  const fragmentation: Record<number, number> = {};
  let arrived = 0;
  let used = 0;
  const pending = [...fragmentPercents];
  let metering = 0;
  const begun = performance.now();
  for (const { resources, gpuMilli } of tasks) {
    const placement = place(index, resources);
    if (placement) {
      occupy(index, placement);
      used += gpuMilli;
    }
    arrived += gpuMilli;
    const percent = Math.round((100 * arrived) / trace.capacityMilli);
    while (pending.length > 0 && percent >= pending[0]!) {
      const from = performance.now();
      fragmentation[pending.shift()!] = fragments(index);
      metering += performance.now() - from;
    }
    const sum = sums.get(percent) ?? { total: 0, events: 0 };
    sum.total += (100 * used) / trace.capacityMilli;
    sum.events += 1;
    sums.set(percent, sum);
  }
  for (const percent of pending) fragmentation[percent] = fragments(index);
  return {
    allocation: byPercent(sums),
    fragmentation,
    placements: tasks.length,
    seconds: (performance.now() - begun - metering) / 1000,
  };
}

/** Every percent to the last: where few large tasks leap over one, what was allocated before counts. */
function byPercent(
  sums: ReadonlyMap<number, { total: number; events: number }>,
): Record<number, number> {
  const allocation: Record<number, number> = {};
  let last = 0;
  for (let percent = 0; percent <= 100 * tunedTo; percent++) {
    const sum = sums.get(percent);
    if (sum) last = sum.total / sum.events;
    allocation[percent] = last;
  }
  return allocation;
}

function fragmentMeter(trace: Trace): (index: PlacementIndex) => number {
  const ofNode = createFragmentation(typicalWorkload(trace.typical));
  return ({ nodes }) => {
    const total = nodes.reduce((sum, { shape, cpuFreeMilli, devices }) => {
      const free = devices.map(({ freeMilli }) => freeMilli);
      return sum + ofNode(shape, cpuFreeMilli, free);
    }, 0);
    return (100 * total) / trace.capacityMilli;
  };
}

/**
 * The trace's tasks in drawn order, then clones drawn from them until the next one's GPU would go
 * over 130 % of the GPUs (as in FGD's simulator, which counts one GPU of it); or, where the trace
 * demands more, without tasks drawn at random.
 */
function tuned(trace: Trace, random: () => number): TraceTask[] {
  const target = tunedTo * trace.capacityMilli;
  const tasks = shuffled(trace.tasks, random);
  let demand = tasks.reduce((sum, { gpuMilli }) => sum + gpuMilli, 0);
  while (demand > target) {
    const [gone] = tasks.splice(Math.floor(random() * tasks.length), 1);
    demand -= gone!.gpuMilli;
  }
  for (;;) {
    const clone = draw(trace.tasks, random);
    if (demand + Math.min(clone.gpuMilli, 1000) > target) return tasks;
    tasks.push(clone);
    demand += clone.gpuMilli;
  }
}
