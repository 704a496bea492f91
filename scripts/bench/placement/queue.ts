import type { Resources } from '../../../workflows/contracts/pool/requests.ts';
import { occupy, place, vacate } from '../../../workflows/scheduling/placement/place.ts';
import {
  type MovableLease,
  type MovePlan,
  planMoves,
} from '../../../workflows/scheduling/placement/planMoves.ts';
import type { PolicyName } from '../../../workflows/scheduling/placement/policies/createPolicy.ts';
import { createRandom } from '../../../workflows/scheduling/placement/policies/randomNumbers.ts';
import { type Arrival, arrivalsOf, type Horizon } from './arrivals.ts';
import { emptyCluster } from './cluster.ts';
import { createMinHeap } from './minHeap.ts';
import type { Trace } from './trace.ts';

export const sizeClasses = ['cpu', 'share', '1 GPU', '2 GPU', '4 GPU', '8 GPU'] as const;
export type SizeClass = (typeof sizeClasses)[number];

export interface QueueRun {
  /** Mean wait in mean lifetimes; a task that still waits at the end counts with its wait so far. */
  waits: Partial<Record<SizeClass, number>>;
  movesPerArrival: number;
  placements: number;
  seconds: number;
}

/** Moves for a shape that waits are looked for again after so long, in mean lifetimes. */
const retryAfter = 0.02;

/**
 * One run with departures in which what fits nowhere waits: first in, first out, skipping what does
 * not fit. With `maxMoves` above 0, running tasks move to make room, freely and at once.
 */
export function queueOnce(
  trace: Trace,
  policy: PolicyName,
  load: number,
  seed: number,
  maxMoves: number,
  { from, until }: Horizon,
): QueueRun {
  const index = emptyCluster(trace, policy, createRandom(seed + 1_000_000), null);
  const leaving = createMinHeap<{ lease: MovableLease; gpuMilli: number }>();
  const running = new Map<string, MovableLease>();
  let waiting: Arrival[] = [];
  const waits = new Map<SizeClass, { total: number; tasks: number }>();
  const planned = new Map<Resources, number>();
  let serial = 0;
  let moved = 0;
  let tried = 0;

  const record = ({ at, task }: Arrival, now: number): void => {
    if (at < from) return;
    const name = sizeClass(task.resources);
    const sum = waits.get(name) ?? { total: 0, tasks: 0 };
    waits.set(name, { total: sum.total + now - at, tasks: sum.tasks + 1 });
  };
  const roomFor = (resources: Resources, now: number): MovePlan | undefined => {
    const fits = place(index, resources);
    tried++;
    if (fits) return { placement: fits, moves: [] };
    if (maxMoves === 0 || now < (planned.get(resources) ?? 0) + retryAfter) return undefined;
    planned.set(resources, now);
    return planMoves(index, resources, [...running.values()], maxMoves);
  };
  const start = (arrival: Arrival, now: number): boolean => {
    const plan = roomFor(arrival.task.resources, now);
    if (!plan) return false;
    for (const move of plan.moves) vacate(index, move.from);
    occupy(index, plan.placement);
    for (const { leaseId, to } of plan.moves) {
      occupy(index, to);
      running.get(leaseId)!.placement = to;
    }
    if (now >= from) moved += plan.moves.length;
    const { resources, gpuMilli } = arrival.task;
    const lease = { leaseId: String(serial++).padStart(9, '0'), resources, ...plan };
    running.set(lease.leaseId, lease);
    leaving.push(now + arrival.life, { lease, gpuMilli });
    record(arrival, now);
    return true;
  };
  const depart = (now: number): void => {
    const { lease } = leaving.pop()!;
    vacate(index, lease.placement);
    running.delete(lease.leaseId);
    const stuck = new Set<Resources>();
    waiting = waiting.filter((arrival) => {
      const { resources } = arrival.task;
      if (stuck.has(resources)) return true;
      if (start(arrival, now)) return false;
      stuck.add(resources);
      return true;
    });
  };

  const begun = performance.now();
  const arrivals = arrivalsOf(trace, load, seed, until);
  for (const arrival of arrivals) {
    while (leaving.next() <= arrival.at) depart(leaving.next());
    if (!start(arrival, arrival.at)) waiting.push(arrival);
  }
  for (const arrival of waiting) record(arrival, until);
  return {
    waits: Object.fromEntries([...waits].map(([name, { total, tasks }]) => [name, total / tasks])),
    movesPerArrival: moved / arrivals.filter(({ at }) => at >= from).length,
    placements: tried,
    seconds: (performance.now() - begun) / 1000,
  };
}

function sizeClass({ devices, milli }: Resources): SizeClass {
  if (devices === 0) return 'cpu';
  if (milli < 1000) return 'share';
  return `${devices <= 1 ? 1 : devices <= 2 ? 2 : devices <= 4 ? 4 : 8} GPU`;
}
