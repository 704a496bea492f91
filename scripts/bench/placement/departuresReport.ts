import type { PolicyName } from '../../../workflows/scheduling/placement/policies/createPolicy.ts';
import type { BenchReport, BenchTarget } from '../bench.ts';
import type { DeparturesRun } from './departures.ts';
import { type PlacementRow, row } from './rows.ts';
import { signed, spread, verdict } from './spread.ts';

export const departurePolicies = [
  'fgd',
  'fgd-used-first',
  'spp-cf',
  'spp-k',
] as const satisfies readonly PolicyName[];
export const loads = [0.9, 0.95, 1, 1.1];

/** Runs by policy and load, over the seeds. */
export type DepartureRuns = (policy: PolicyName, load: number) => DeparturesRun[];

export function departuresReport(trace: string, runs: DepartureRuns): BenchReport {
  const rows: PlacementRow[] = [];
  const targets: BenchTarget[] = [];
  const notes: string[] = [];
  for (const load of loads) {
    const arrival = Math.round(100 * load);
    const allocated = (policy: PolicyName): number[] =>
      runs(policy, load).map(({ allocation }) => allocation);
    const gain = (policy: PolicyName): number =>
      spread(allocated('spp-k')).mean - spread(allocated(policy)).mean;
    for (const policy of departurePolicies) {
      const point = { trace, policy, arrival, mode: 'departures' } as const;
      const rejected = runs(policy, load).map((run) => run.rejected);
      const beside = (figure: 'allocation' | 'rejected') =>
        policy === 'fgd'
          ? undefined
          : { name: 'fgd', value: spread(runs('fgd', load).map((run) => run[figure])).mean };
      rows.push(
        row({ ...point, figure: 'allocation' }, '%', allocated(policy), beside('allocation')),
      );
      rows.push(row({ ...point, figure: 'rejected' }, '% of demand', rejected, beside('rejected')));
    }
    for (const other of ['fgd', 'fgd-used-first', 'spp-cf'] as const) {
      const words = verdict(allocated('spp-k'), allocated(other));
      notes.push(`${trace} departures @${arrival}: spp-k against ${other} ${words}`);
    }
    const target = (other: PolicyName, words: string, least: number): BenchTarget => ({
      measure: `${trace} departures @${arrival}: spp-k`,
      target: words,
      met: gain(other) >= least,
      note: signed(gain(other)),
    });
    if (trace === 'default' && load === 0.95) {
      targets.push(target('fgd', 'at least 1.5 above fgd', 1.5));
      targets.push(target('fgd-used-first', 'at least 0.5 above fgd-used-first', 0.5));
    } else {
      targets.push(target('fgd', 'not below fgd by more than 0.6', -0.6));
    }
  }
  return { rows, targets, notes };
}
