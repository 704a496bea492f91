import type { NodeShape } from '../nodeShape.ts';
import { freeAfter } from './fgd.ts';
import type { Fragmentation } from './fragmentation.ts';
import { countedCpu, type Policy } from './policy.ts';
import type { SppParameters } from './sppParameters.ts';

/** What shadow-price packing has worked out from the nodes and the typical workload. */
export interface SppPrices {
  /** κ: CPU milli that go with one GPU milli; 0 when nobody asks for GPUs. */
  cpuPerGpu: number;
  /** V by free milli. */
  values: Float64Array;
  /** ρ by shape id and device position. */
  density: number[][];
}

/**
 * Shadow-price packing: a node is worth what its devices' free parts can still be sold for, less
 * what its CPU cannot feed and what is fragmented, more for whole idle devices together. A task goes
 * where it costs least. Differences below 10 milli do not count.
 */
export function createSpp(
  { cpuPerGpu, values, density }: SppPrices,
  fragmentation: Fragmentation,
  parameters: SppParameters,
): Policy {
  const worth = (shape: NodeShape, cpuFreeMilli: number, free: readonly number[]): number => {
    let sold = 0;
    let all = 0;
    let idle = 0;
    for (let at = 0; at < free.length; at++) {
      const milli = free[at]!;
      sold += values[milli]!;
      all += milli;
      if (milli === 1000) idle++;
    }
    const fed = cpuPerGpu > 0 ? cpuFreeMilli / cpuPerGpu : all;
    const { devices } = shape;
    const slots = devices >= parameters.slotDevices ? (1000 * idle * idle) / devices : 0;
    return (
      sold -
      parameters.cpuWeight * Math.max(0, all - fed) -
      parameters.fragmentationWeight * fragmentation(shape, cpuFreeMilli, free) +
      parameters.slotWeight * slots
    );
  };
  return {
    usedFirst: true,
    share: 'best-score',
    score(view, task, chosen) {
      const { shape, cpuFreeMilli } = view;
      view.worth ??= worth(shape, cpuFreeMilli, view.free);
      const cpuAfter = cpuFreeMilli - countedCpu(task.cpuMilli);
      const after = worth(shape, cpuAfter, freeAfter(view, task.milli, chosen));
      const wanted = density[shape.id]!;
      let scarce = 0;
      for (const at of chosen) scarce += wanted[at]! * task.milli;
      return Math.floor((after - view.worth - parameters.contentionWeight * scarce) / 10);
    },
  };
}
