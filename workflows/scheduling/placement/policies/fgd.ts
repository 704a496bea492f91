import type { NodeView } from '../nodeView.ts';
import type { Fragmentation } from './fragmentation.ts';
import type { Policy } from './policy.ts';

/**
 * Fragmentation gradient descent (Weng et al., USENIX ATC'23): the place that adds least to the
 * node's fragmentation. The score is a whole number, 0 to 100: that coarseness sends tasks to the
 * first good enough node, and is worth two points of allocation.
 */
export function createFgd(fragmentation: Fragmentation, usedFirst: boolean): Policy {
  return {
    usedFirst,
    share: 'best-score',
    score(view, task, chosen) {
      view.worth ??= fragmentation(view.shape, view.cpuFreeMilli, view.free);
      const free = freeAfter(view, task.milli, chosen);
      const after = fragmentation(view.shape, view.cpuFreeMilli - task.cpuMilli, free);
      return Math.trunc(100 / (1 + Math.exp((after - view.worth) / 1000)));
    },
  };
}

export function freeAfter(view: NodeView, milli: number, chosen: readonly number[]): number[] {
  const free = view.free.slice();
  for (const at of chosen) free[at] = Math.max(0, free[at]! - milli);
  return free;
}
