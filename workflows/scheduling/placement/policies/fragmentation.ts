import { modelMatches } from '../deviceFits.ts';
import type { NodeShape } from '../nodeShape.ts';
import { sum } from './sum.ts';
import type { WeightedTask } from './typicalWorkload.ts';

/** F_n: the free GPU milli of a node that a typical task cannot use, on average over the workload. */
export type Fragmentation = (
  shape: NodeShape,
  cpuFreeMilli: number,
  free: readonly number[],
) => number;

/** What a shape makes of the workload. */
interface ShapeWorkload {
  /** Weight of the tasks that no device of the shape suits: all free milli are lost to them. */
  lost: number;
  /** By size of the part of a device; `suits` null: every device does. */
  sizes: { milli: number; suits: boolean[] | null; tasks: { c: number; k: number; p: number }[] }[];
}

/**
 * FGD's measure of fragmentation (USENIX ATC'23, section 4.2): to a task that does not fit, or wants
 * no GPU, all free milli of the node are fragments; to one that fits, those of the GPUs that are too
 * full for it. Memory is no part of it.
 */
export function createFragmentation(workload: readonly WeightedTask[]): Fragmentation {
  const byShape = new Map<number, ShapeWorkload>();
  return (shape, cpuFreeMilli, free) => {
    const all = sum(free);
    if (all === 0) return 0;
    let known = byShape.get(shape.id);
    if (!known) {
      known = workloadOf(shape, workload);
      byShape.set(shape.id, known);
    }
    let total = known.lost * all;
    for (const { milli, suits, tasks } of known.sizes) {
      let room = 0;
      let usable = 0;
      for (let at = 0; at < free.length; at++) {
        if (free[at]! < milli || (suits && !suits[at])) continue;
        room++;
        usable += free[at]!;
      }
      for (let at = 0; at < tasks.length; at++) {
        const { c, k, p } = tasks[at]!;
        total += p * (room >= k && cpuFreeMilli >= c ? all - usable : all);
      }
    }
    return total;
  };
}

function workloadOf(shape: NodeShape, workload: readonly WeightedTask[]): ShapeWorkload {
  const sizes = new Map<string, ShapeWorkload['sizes'][number]>();
  let lost = 0;
  for (const { devices, milli, cpuMilli, models, weight } of workload) {
    const suits = shape.models.map((model) => model !== null && modelMatches(model, models));
    if (devices === 0 || !suits.includes(true)) {
      lost += weight;
      continue;
    }
    const every = suits.every((suit, at) => suit || shape.models[at] === null);
    const key = `${milli} ${every || suits.join()}`;
    const size = sizes.get(key) ?? { milli, suits: every ? null : suits, tasks: [] };
    sizes.set(key, size);
    size.tasks.push({ c: cpuMilli, k: devices, p: weight });
  }
  return { lost, sizes: [...sizes.values()] };
}
