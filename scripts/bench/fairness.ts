import type { LeaseRequest } from '../../workflows/contracts/pool/requests.ts';
import { noTeams, type TeamsConfig } from '../../workflows/contracts/pool/teams.ts';
import { schedule } from '../../workflows/scheduling/schedule.ts';
import type { Bench, BenchRow } from './bench.ts';
import { positiveInteger } from './options.ts';
import { poolOf } from './scheduling/busyPool.ts';
import { createFairnessMeter, type FairnessFigures } from './scheduling/fairnessMeter.ts';
import { simulatePool } from './scheduling/poolSimulator.ts';
import { demandingTeams, weekOfDemand } from './scheduling/weekOfDemand.ts';

const minute = 60_000;
const start = Date.UTC(2026, 0, 5);
const [hosts, perHost] = [4, 8];
const capacity = hosts * perHost;

interface Order {
  name: string;
  teams: TeamsConfig;
  agingMs: number;
  as(request: LeaseRequest): LeaseRequest;
}

/** The alternatives are the same scheduler, placement and all, without teams. */
const orders: readonly Order[] = [
  { name: 'ours', teams: teamsFile(), agingMs: 10 * minute, as: (request) => request },
  {
    name: 'FIFO',
    teams: noTeams,
    agingMs: 10 * minute,
    as: (request) => ({ ...request, team: 'all', priority: 0 }),
  },
  {
    name: 'strict priority',
    teams: noTeams,
    agingMs: Number.MAX_SAFE_INTEGER,
    as: (request) => ({ ...request, team: 'all' }),
  },
];

/** Fair shares against FIFO and strict priority over a simulated week of bursty demand. */
export const bench: Bench = {
  name: 'fairness',
  description: 'a simulated week of bursty teams: fair shares against FIFO and strict priority',
  configure: (command) => {
    command.option('--seed <n>', 'of the demand', positiveInteger, 1);
    command.option('--days <n>', 'days simulated', positiveInteger, 7);
  },
  async run(options, say) {
    const until = start + Number(options.days) * 24 * 60 * minute;
    const results = orders.map((order) => {
      say(`fairness: ${order.name}`);
      return { name: order.name, figures: play(order, Number(options.seed), until) };
    });
    const [ours, ...others] = results;
    const rows = others.flatMap(({ name, figures }) => compare(ours!.figures, name, figures));
    const least = Math.min(...others.map(({ figures }) => figures.shareError));
    return {
      rows,
      targets: [
        {
          measure: 'share error',
          target: 'below that of FIFO and of strict priority',
          met: ours!.figures.shareError < least,
        },
      ],
      notes: [
        `${capacity} devices, ${demandingTeams.length} teams with weights ${demandingTeams.map(({ team, weight }) => `${team} ${weight}`).join(', ')}; half of each team's weighted share is its quota.`,
        `More is asked for than there is ${percent(ours!.figures.contended)} of the time. Share error: part of the pool that is with other teams than weighted DRF says, over that time; the order also makes up for past use, which counts as an error here.`,
        'FIFO and strict priority let later requests skip those that do not fit; revoked jobs start again from the beginning.',
      ],
    };
  },
};

function play(order: Order, seed: number, until: number): FairnessFigures {
  const pool = poolOf(hosts, perHost, order.teams, start);
  const rare = { heartbeatMs: 20 * minute, hostLapseMs: 60 * minute, leaseLifeMs: 120 * minute };
  const meter = createFairnessMeter(demandingTeams, capacity, start);
  const { state } = simulatePool({
    state: { ...pool, config: { ...pool.config, ...rare, agingMs: order.agingMs } },
    jobs: weekOfDemand(demandingTeams, start, seed).map((job) => ({
      ...job,
      request: order.as(job.request),
    })),
    from: start,
    until,
    decide: schedule,
    clearMs: 0,
    onDecision: meter.onDecision,
  });
  return meter.figures(state, until);
}

function teamsFile(): TeamsConfig {
  const weights = demandingTeams.reduce((sum, { weight }) => sum + weight, 0);
  const teams = demandingTeams.map(({ team, weight }) => {
    const milli = Math.floor((1000 * capacity * weight) / weights / 2);
    return [
      team,
      { quota: { milli }, limit: {}, weight, trustDomain: null, children: {} },
    ] as const;
  });
  return { ...noTeams, teams: Object.fromEntries(teams) };
}

function compare(ours: FairnessFigures, name: string, other: FairnessFigures): BenchRow[] {
  const row = (measure: string, unit: string, own: number, value: number): BenchRow => ({
    ...{ measure, unit, ours: own, alternative: { name, value } },
    ...(value > 0 && { ratio: own / value }),
  });
  return [
    row('share error', '%', 100 * ours.shareError, 100 * other.shareError),
    row('utilisation', '%', 100 * ours.utilisation, 100 * other.utilisation),
    row('preemptions', '', ours.preemptions, other.preemptions),
    ...Object.keys(ours.waits).map((team) =>
      row(`mean wait, ${team}`, 'h', ours.waits[team]!, other.waits[team]!),
    ),
  ];
}

const percent = (part: number): string => `${Math.round(100 * part)} %`;
