import type { Policy } from './policy.ts';

/** Node capacities that the published scores are normalised by (FGD's simulator). */
export const cpuScaleMilli = 128_000;
export const gpuScaleMilli = 8_000;

/** BestFit of FGD's experiment: the node that is left with the least CPU and GPU. */
export const bestFit: Policy = {
  score(node, task) {
    const free = node.devices.reduce((sum, device) => sum + device.freeMilli, 0);
    const cpu = (node.cpuFreeMilli - task.cpuMilli) / cpuScaleMilli;
    const gpu = (free - task.devices * task.milli) / gpuScaleMilli;
    return Math.trunc(100 * (1 - (0.5 * cpu + 0.5 * gpu)));
  },
};
