import { taskKind } from '../nodeView.ts';
import { gpuScaleMilli } from './bestFit.ts';
import type { Policy } from './policy.ts';
import { sum } from './sum.ts';

/** GpuClustering as in FGD's experiment (Gandiva): tasks of one kind share nodes. */
export const clustering: Policy = {
  share: 'tightest',
  usesKinds: true,
  score(view, task) {
    const kind = taskKind(task.devices, task.milli);
    if (kind === 0) return 0;
    const filled = Math.trunc((25 * (gpuScaleMilli - sum(view.free))) / gpuScaleMilli);
    if (view.kinds === 0) return filled + 25;
    if ((view.kinds & kind) === 0) return filled;
    return filled + (view.kinds === kind ? 75 : 50);
  },
};
