import type { TypicalTask } from '../../state.ts';
import { modelMatches } from '../deviceFits.ts';
import type { NodeShape } from '../nodeShape.ts';

/**
 * How much demand there is for each device of a shape, against the average of 1: ρ. A task's demand
 * spreads evenly over the devices of the nodes that could hold it when empty.
 * @param counts nodes of each shape, by shape id
 * @returns ρ by shape id and device position; all 0 without demand
 */
export function contention(
  shapes: readonly NodeShape[],
  counts: readonly number[],
  typical: readonly TypicalTask[],
): number[][] {
  const density = shapes.map(({ models }) => models.map(() => 0));
  const devices = shapes.reduce((total, shape) => total + shape.devices * counts[shape.id]!, 0);
  const demand = typical.filter((task) => task.devices > 0);
  const total = demand.reduce((sum, task) => sum + demandOf(task), 0);
  for (const task of demand) {
    const suits = shapes.map((shape) => suitable(shape, task));
    const spread = shapes.reduce((sum, { id }) => sum + suits[id]!.length * counts[id]!, 0);
    if (spread === 0) continue;
    const part = ((demandOf(task) / total) * devices) / spread;
    for (const { id } of shapes) for (const at of suits[id]!) density[id]![at]! += part;
  }
  return density;
}

const demandOf = ({ devices, milli, count }: TypicalTask): number => devices * milli * count;

/** Devices of the shape that could serve the task; none when an empty node cannot hold it. */
function suitable({ cpuCapMilli, models }: NodeShape, task: TypicalTask): number[] {
  if (cpuCapMilli < task.cpuMilli) return [];
  const suiting = models.flatMap((model, at) =>
    model !== null && modelMatches(model, task.models) ? [at] : [],
  );
  return suiting.length >= task.devices ? suiting : [];
}
