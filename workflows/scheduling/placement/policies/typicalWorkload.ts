import type { TypicalTask } from '../../state.ts';

/** A typical task with its part of all, 0 to 1. */
export interface WeightedTask extends TypicalTask {
  weight: number;
}

/**
 * FGD's typical workload: the shortest list of the most frequent shapes that covers `coverage` of all
 * tasks, their weights summing to 1. Ties in frequency: the larger shape first. Memory is not part of
 * a shape.
 */
export function typicalWorkload(tasks: readonly TypicalTask[], coverage = 0.95): WeightedTask[] {
  const merged = mergeShapes(tasks);
  const total = merged.reduce((sum, { count }) => sum + count, 0);
  merged.sort((a, b) => b.count - a.count || compareShapes(b, a));
  const taken: TypicalTask[] = [];
  let covered = 0;
  for (const task of merged) {
    if (covered >= coverage * total) break;
    taken.push(task);
    covered += task.count;
  }
  return taken.map((task) => ({ ...task, weight: task.count / covered }));
}

/** Without shapes that differ in memory only. */
function mergeShapes(tasks: readonly TypicalTask[]): TypicalTask[] {
  const merged = new Map<string, TypicalTask>();
  for (const task of tasks) {
    if (task.count <= 0) continue;
    const key = `${task.cpuMilli} ${task.devices} ${task.milli} ${[...task.models].sort().join('|')}`;
    const known = merged.get(key);
    if (known) known.count += task.count;
    else merged.set(key, { ...task });
  }
  return [...merged.values()];
}

function compareShapes(a: TypicalTask, b: TypicalTask): number {
  const [left, right] = [a, b].map(({ models }) => models.join('|'));
  return (
    a.cpuMilli - b.cpuMilli ||
    a.milli - b.milli ||
    a.devices - b.devices ||
    (left! < right! ? -1 : left! > right! ? 1 : 0)
  );
}
