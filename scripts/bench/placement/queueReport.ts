import type { PolicyName } from '../../../workflows/scheduling/placement/policies/createPolicy.ts';
import type { BenchReport } from '../bench.ts';
import { type QueueRun, sizeClasses } from './queue.ts';
import { type PlacementRow, row } from './rows.ts';

export const queuePolicies = ['fgd', 'spp-k'] as const satisfies readonly PolicyName[];
export const queueLoad = 0.95;
export const moveBounds = [0, 4];

export function queueReport(
  trace: string,
  runs: (policy: PolicyName, maxMoves: number) => QueueRun[],
): BenchReport {
  const rows: PlacementRow[] = [];
  for (const policy of queuePolicies) {
    for (const maxMoves of moveBounds) {
      const found = runs(policy, maxMoves);
      const arrival = Math.round(100 * queueLoad);
      const point = { trace, policy, arrival, mode: 'queue', maxMoves } as const;
      for (const size of sizeClasses) {
        const waits = found.flatMap(({ waits }) => waits[size] ?? []);
        if (waits.length === 0) continue;
        rows.push(row({ ...point, figure: `wait of ${size}` }, 'lifetimes', waits));
      }
      const moves = found.map(({ movesPerArrival }) => movesPerArrival);
      rows.push(row({ ...point, figure: 'moves' }, 'per arrival', moves));
    }
  }
  return {
    rows,
    targets: [],
    notes: [`${trace} queue: moves are taken as free and instant; every task may be moved`],
  };
}
