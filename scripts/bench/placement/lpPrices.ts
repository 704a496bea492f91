import { berthError } from '../../../workflows/contracts/errors.ts';
import {
  typicalWorkload,
  type WeightedTask,
} from '../../../workflows/scheduling/placement/policies/typicalWorkload.ts';
import type { TypicalTask } from '../../../workflows/scheduling/state.ts';

/**
 * Shadow prices of the share sizes by linear program: the dual of packing the typical shares into
 * whole GPUs, max Σ d·y with Σ a·y ≤ 1 for every maximal pattern a of a GPU. Fragile where the
 * typical workload comes from few tasks; the living pool uses the closed form.
 */
export async function lpPrices(typical: readonly TypicalTask[]): Promise<Record<string, number>> {
  const demand = shareDemand(typicalWorkload(typical));
  const sizes = [...demand.keys()].sort((a, b) => b - a);
  if (sizes.length === 0) return {};
  const patterns = maximalPatterns(sizes);
  const { solve } = await import('yalps');
  const solution = solve({
    direction: 'maximize',
    objective: 'demand',
    constraints: new Map(patterns.map((_, at) => [`p${at}`, { max: 1 }])),
    variables: new Map(
      sizes.map((size, column) => [
        String(size),
        new Map<string, number>([
          ['demand', demand.get(size)!],
          ...patterns.flatMap((pattern, at) =>
            pattern[column]! > 0 ? [[`p${at}`, pattern[column]!] as const] : [],
          ),
        ]),
      ]),
    ),
  });
  if (solution.status !== 'optimal') {
    throw berthError('InvalidRequest', `prices of ${sizes.length} share sizes: ${solution.status}`);
  }
  return Object.fromEntries(solution.variables);
}

function shareDemand(workload: readonly WeightedTask[]): Map<number, number> {
  const demand = new Map<number, number>();
  for (const { devices, milli, weight } of workload) {
    if (devices === 1 && milli < 1000) demand.set(milli, (demand.get(milli) ?? 0) + weight);
  }
  return demand;
}

/** Every way to fill a GPU with shares so that not even the smallest fits in; by size, descending. */
export function maximalPatterns(sizes: readonly number[]): number[][] {
  const smallest = sizes.at(-1)!;
  const found: number[][] = [];
  const extend = (pattern: number[], room: number): void => {
    const column = pattern.length;
    if (column === sizes.length) {
      if (room < smallest) found.push(pattern);
      return;
    }
    for (let count = Math.floor(room / sizes[column]!); count >= 0; count--) {
      extend([...pattern, count], room - count * sizes[column]!);
    }
  };
  extend([], 1000);
  return found;
}
