import type { PolicyName } from '../../../workflows/scheduling/placement/policies/createPolicy.ts';
import type { BenchReport } from '../bench.ts';
import { median } from '../statistics.ts';
import { fillOnce } from './fill.ts';
import type { TraceInput } from './jobs.ts';

const leastPerSecond = 10_000;
/** Not one of the seeds of the experiment; the first run also warms the compiler up. */
const seeds = [1, 2, 3];

/**
 * Placements per second of this process's CPU time, garbage collection and set-up of a run included:
 * what one core does, whatever else the machine is busy with.
 */
export function speedReport({ trace, prices }: TraceInput): BenchReport {
  const policies: readonly PolicyName[] = ['fgd', 'spp-cf', 'spp-k'];
  const speeds = policies.map((policy) => {
    const rates = seeds.map((seed) => {
      const before = process.cpuUsage();
      const { placements } = fillOnce(trace, policy, seed, prices);
      const { user, system } = process.cpuUsage(before);
      return (1e6 * placements) / (user + system);
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
