import type { PolicyName } from '../../../workflows/scheduling/placement/policies/createPolicy.ts';
import type { BenchReport } from '../bench.ts';
import { median } from '../statistics.ts';
import { fillOnce } from './fill.ts';
import type { TraceInput } from './jobs.ts';

const leastPerSecond = 10_000;
/** Not one of the seeds of the experiment; the first run also warms the compiler up. */
const seeds = [1, 2, 3];

/** Placements a second on this core, one policy after the other and nothing else at the time. */
export function speedReport({ trace, prices }: TraceInput): BenchReport {
  const policies: readonly PolicyName[] = ['fgd', 'spp-cf', 'spp-k'];
  const speeds = policies.map((policy) => {
    const rates = seeds.map((seed) => {
      const { placements, seconds } = fillOnce(trace, policy, seed, prices);
      return placements / seconds;
    });
    return { policy, rate: median(rates) };
  });
  const least = Math.min(...speeds.map(({ rate }) => rate));
  return {
    rows: speeds.map(({ policy, rate }) => ({
      measure: `${trace.name}: placements a second, ${policy}`,
      unit: '/s',
      ours: rate,
    })),
    targets: [
      {
        measure: 'placements a second on one core',
        target: `at least ${leastPerSecond}`,
        met: least >= leastPerSecond,
        note: `${Math.round(least)}`,
      },
    ],
  };
}
