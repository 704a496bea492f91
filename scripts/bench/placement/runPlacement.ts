import type { PolicyName } from '../../../workflows/scheduling/placement/policies/createPolicy.ts';
import { sppParametersOf } from '../../../workflows/scheduling/placement/policies/createPolicy.ts';
import type { BenchReport, Say } from '../bench.ts';
import type { Horizon } from './arrivals.ts';
import { departurePolicies, departuresReport, loads } from './departuresReport.ts';
import { fillPolicies, fillReport } from './fillReport.ts';
import { type JobFiles, runJobs } from './jobRunner.ts';
import { readTraces, type TraceInput } from './jobs.ts';
import { moveBounds, queueLoad, queuePolicies, queueReport } from './queueReport.ts';
import { speedReport } from './speedReport.ts';

export const modes = ['fill', 'departures', 'queue'] as const;

export interface PlacementPlan {
  files: JobFiles;
  seeds: number;
  modes: readonly (typeof modes)[number][];
  /** Of the runs with departures. */
  horizon: Horizon;
  threads: number;
}

/** Seeds of the published runs begin here. */
const firstSeed = 42;

export async function runPlacement(plan: PlacementPlan, say: Say): Promise<BenchReport> {
  const inputs = await readTraces(plan.files.nodes, plan.files.pods);
  const seeds = Array.from({ length: plan.seeds }, (_, at) => firstSeed + at);
  const reports: BenchReport[] = [];
  for (let trace = 0; trace < inputs.length; trace++) {
    for (const mode of modes.filter((name) => plan.modes.includes(name))) {
      say(`placement: ${inputs[trace]!.trace.name}, ${mode}, ${plan.seeds} seeds`);
      reports.push(await measure[mode](plan, inputs, trace, seeds));
    }
  }
  if (plan.modes.includes('fill')) reports.push(speedReport(inputs[0]!));
  return {
    rows: reports.flatMap(({ rows }) => rows),
    targets: reports.flatMap(({ targets }) => targets),
    notes: [
      ...reports.flatMap(({ notes = [] }) => notes),
      ...horizonNotes(plan),
      ...parameterNotes(),
    ],
  };
}

type Measure = (
  plan: PlacementPlan,
  inputs: readonly TraceInput[],
  trace: number,
  seeds: readonly number[],
) => Promise<BenchReport>;

const measure: Record<(typeof modes)[number], Measure> = {
  async fill({ files, threads }, inputs, trace, seeds) {
    const jobs = fillPolicies.flatMap((policy) =>
      seeds.map((seed) => ({ mode: 'fill', trace, policy, seed }) as const),
    );
    const found = await runJobs<'fill'>(files, inputs, jobs, threads);
    const runs = new Map(
      fillPolicies.map((policy) => [policy, found.filter((_, at) => jobs[at]!.policy === policy)]),
    );
    const { name, capacityMilli } = inputs[trace]!.trace;
    return fillReport(name, capacityMilli / 1000, runs);
  },
  async departures({ files, threads, horizon }, inputs, trace, seeds) {
    const jobs = departurePolicies.flatMap((policy) =>
      loads.flatMap((load) =>
        seeds.map((seed) => ({ mode: 'departures', trace, policy, load, seed, horizon }) as const),
      ),
    );
    const found = await runJobs<'departures'>(files, inputs, jobs, threads);
    const runs = (policy: PolicyName, load: number) =>
      found.filter((_, at) => jobs[at]!.policy === policy && jobs[at]!.load === load);
    return departuresReport(inputs[trace]!.trace.name, runs);
  },
  async queue({ files, threads, horizon }, inputs, trace, seeds) {
    const common = {
      mode: 'queue',
      trace,
      load: queueLoad,
      horizon,
    } as const;
    const jobs = queuePolicies.flatMap((policy) =>
      moveBounds.flatMap((maxMoves) =>
        seeds.map((seed) => ({ ...common, policy, maxMoves, seed })),
      ),
    );
    const found = await runJobs<'queue'>(files, inputs, jobs, threads);
    const runs = (policy: PolicyName, maxMoves: number) =>
      found.filter((_, at) => jobs[at]!.policy === policy && jobs[at]!.maxMoves === maxMoves);
    return queueReport(inputs[trace]!.trace.name, runs);
  },
};

/** Differences between policies change while a cluster ages: say when these were measured. */
function horizonNotes({ modes: asked, horizon: { from, until } }: PlacementPlan): string[] {
  if (!asked.includes('departures') && !asked.includes('queue')) return [];
  return [`with departures: a full start, measured from ${from} to ${until} mean lifetimes later`];
}

/** The steering values that the figures were had with. */
function parameterNotes(): string[] {
  return (['spp-cf', 'spp-k'] as const).map((policy) => {
    const { prices: _prices, ...shown } = sppParametersOf(policy);
    const words = Object.entries(shown).map(([name, value]) => `${name} ${value}`);
    return `${policy}: ${words.join(', ')}`;
  });
}
