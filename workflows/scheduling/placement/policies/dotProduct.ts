import { cpuScaleMilli, gpuScaleMilli } from './bestFit.ts';
import type { Policy } from './policy.ts';
import { sum } from './sum.ts';

/** DotProd as in FGD's experiment (Tetris, SIGCOMM'14, turned round): the smaller the product of free and asked, the better. */
export const dotProduct: Policy = {
  share: 'tightest',
  score(view, task) {
    const cpu = (view.cpuFreeMilli * task.cpuMilli) / cpuScaleMilli ** 2;
    const gpu = (sum(view.free) * task.devices * task.milli) / gpuScaleMilli ** 2;
    return Math.trunc(100 * (1 - (cpu + gpu) / 2));
  },
};
