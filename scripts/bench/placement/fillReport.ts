import type { PolicyName } from '../../../workflows/scheduling/placement/policies/createPolicy.ts';
import type { BenchReport, BenchTarget } from '../bench.ts';
import type { FillRun } from './fill.ts';
import {
  publishedAllocation,
  publishedFragmentation,
  publishedPolicies,
  tolerance,
} from './published.ts';
import { type PlacementRow, row } from './rows.ts';
import { spread, verdict } from './spread.ts';

export const ownPolicies = ['spp-cf', 'spp-lp', 'spp-k'] as const satisfies readonly PolicyName[];
export const fillPolicies: readonly PolicyName[] = [...publishedPolicies, ...ownPolicies];

const arrivals = [95, 100, 130];
const fragmentArrivals = [40, 80, 100, 130];

/** Runs by policy, over the seeds. */
export type FillRuns = Map<PolicyName, FillRun[]>;

/** What one trace's runs show, and how it compares with what was published and with FGD. */
export function fillReport(trace: string, capacityGpus: number, runs: FillRuns): BenchReport {
  const rows: PlacementRow[] = [];
  const targets: BenchTarget[] = [];
  const notes: string[] = [];
  const allocated = (policy: PolicyName, at: number): number[] =>
    runs.get(policy)!.map(({ allocation }) => allocation[at] ?? Number.NaN);
  for (const policy of fillPolicies) {
    for (const arrival of arrivals) {
      const point = { trace, policy, arrival, mode: 'fill', figure: 'allocation' } as const;
      const values = allocated(policy, arrival);
      const published = publishedAllocation(trace, policy, arrival);
      const fgd = spread(allocated('fgd', arrival)).mean;
      const own = !(publishedPolicies as readonly string[]).includes(policy);
      const beside = own
        ? { name: 'fgd, measured', value: fgd }
        : published === undefined
          ? undefined
          : { name: 'published', value: published };
      rows.push(row(point, '%', values, beside));
      if (published !== undefined) targets.push(asPublished(rows.at(-1)!, published));
      if (own) {
        notes.push(
          `${trace} @${arrival}: ${policy} against fgd ${verdict(values, allocated('fgd', arrival))}`,
        );
      }
    }
  }
  for (const policy of fillPolicies) {
    const idle = allocated(policy, 100).map((value) => ((100 - value) / 100) * capacityGpus);
    const point = { trace, policy, arrival: 100, mode: 'fill', figure: 'unallocated' } as const;
    rows.push(row(point, 'GPUs', idle));
  }
  for (const policy of fillPolicies) {
    for (const arrival of fragmentArrivals) {
      const values = runs.get(policy)!.map((run) => run.fragmentation[arrival] ?? Number.NaN);
      const published = publishedFragmentation(trace, policy, arrival);
      const beside = published === undefined ? undefined : { name: 'published', value: published };
      const point = { trace, policy, arrival, mode: 'fill', figure: 'fragmentation' } as const;
      rows.push(row(point, '%', values, beside));
    }
  }
  targets.push(...aims(trace, (policy, at) => spread(allocated(policy, at)).mean));
  return { rows, targets, notes };
}

function asPublished(
  { trace, policy, arrival, mean, sd }: PlacementRow,
  published: number,
): BenchTarget {
  const allowed = tolerance(sd);
  return {
    measure: `${trace} fill @${arrival}: ${policy} as published`,
    target: `${published.toFixed(2)} ± ${allowed.toFixed(2)}`,
    met: Math.abs(mean - published) <= allowed,
    note: `${mean.toFixed(2)}: ${Math.abs(mean - published) <= allowed ? 'ok' : 'MISS'}`,
  };
}

/** What ours is to reach when a cluster only fills. */
function aims(trace: string, mean: (policy: PolicyName, at: number) => number): BenchTarget[] {
  const note = (at: number): string =>
    `${mean('spp-cf', at).toFixed(2)}, fgd ${mean('fgd', at).toFixed(2)}`;
  const target = (at: number, words: string, met: boolean): BenchTarget => ({
    measure: `${trace} fill @${at}: spp-cf`,
    target: words,
    met,
    note: note(at),
  });
  const found: BenchTarget[] = [];
  for (const at of [100, 130]) {
    const gain = mean('spp-cf', at) - mean('fgd', at);
    const least = at === 100 ? 96 : 96.1;
    if (trace === 'default') {
      found.push(target(at, `at least ${least}`, mean('spp-cf', at) >= least));
    } else if (trace === 'multigpu30' || trace === 'gpushare60') {
      found.push(target(at, 'better than fgd', gain > 0));
    }
    found.push(target(at, 'not below fgd by more than 0.3', gain >= -0.3));
  }
  return found;
}
