import type { NodeShape } from '../nodeShape.ts';
import type { PlacementOptions } from '../placementIndex.ts';
import { contention } from './contention.ts';
import { countedCpu } from './policy.ts';
import { closedFormPrices, deviceValues } from './sharePrices.ts';
import type { SppPrices } from './spp.ts';
import type { SppParameters } from './sppParameters.ts';
import type { WeightedTask } from './typicalWorkload.ts';

/** Works out what the policy needs to know of nodes and workload. */
export function sppPrices(
  shapes: readonly NodeShape[],
  counts: readonly number[],
  workload: readonly WeightedTask[],
  typical: PlacementOptions['typical'],
  parameters: SppParameters,
): SppPrices {
  const cpu = workload.reduce(
    (sum, { devices, weight, cpuMilli }) => sum + (devices > 0 ? weight * countedCpu(cpuMilli) : 0),
    0,
  );
  const gpu = workload.reduce(
    (sum, { devices, weight, milli }) => sum + weight * devices * milli,
    0,
  );
  return {
    cpuPerGpu: gpu > 0 ? cpu / gpu : 0,
    values: deviceValues(pricesOf(shareSizes(workload), parameters)),
    density: contention(shapes, counts, typical),
  };
}

/** Sizes of the workload's shares, ascending. */
export function shareSizes(workload: readonly WeightedTask[]): number[] {
  const sizes = workload.filter(({ devices, milli }) => devices === 1 && milli < 1000);
  return [...new Set(sizes.map(({ milli }) => milli))].sort((a, b) => a - b);
}

function pricesOf(
  sizes: readonly number[],
  { prices, priceFromMilli }: SppParameters,
): Map<number, number> {
  if (prices === null) return closedFormPrices(sizes, priceFromMilli);
  return new Map(sizes.map((size) => [size, prices[String(size)] ?? 0]));
}
