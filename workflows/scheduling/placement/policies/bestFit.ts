import type { Policy } from './policy.ts';
import { sum } from './sum.ts';

/** Node capacities that the published scores are normalised by (FGD's simulator). */
export const cpuScaleMilli = 128_000;
export const gpuScaleMilli = 8_000;

/** BestFit as in FGD's experiment: the node that is left with the least CPU and GPU. */
export const bestFit: Policy = {
  share: 'tightest',
  score(view, task) {
    const cpu = (view.cpuFreeMilli - task.cpuMilli) / cpuScaleMilli;
    const gpu = (sum(view.free) - task.devices * task.milli) / gpuScaleMilli;
    return Math.trunc(100 * (1 - (0.5 * cpu + 0.5 * gpu)));
  },
};
