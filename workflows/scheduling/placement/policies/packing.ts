import type { Policy } from './policy.ts';

/**
 * GpuPacking as in FGD's experiment (Antman): broken GPUs first, then idle ones of a used node, then
 * an idle node.
 */
export const packing: Policy = {
  share: 'tightest',
  score(view, task, chosen) {
    if (task.devices === 0) return 0;
    const idle = view.free.filter((free) => free === 1000).length;
    if (idle === view.free.length) return Math.max(33 - idle, idle);
    const taken = chosen.map((at) => view.free[at]!);
    const whole = taken.filter((free) => free === 1000).length;
    if (whole > 0) return Math.max(50 - whole, 33);
    const left = taken.reduce((total, free) => total + Math.trunc(free / 10), 0);
    return Math.max(100 - Math.trunc(left / 10), 50);
  },
};
