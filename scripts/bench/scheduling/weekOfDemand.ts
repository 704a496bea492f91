import { type LeaseRequest, wholeDevices } from '../../../workflows/contracts/pool/requests.ts';
import { createRandom } from '../../../workflows/scheduling/placement/policies/randomNumbers.ts';
import type { SimulatedJob } from './poolSimulator.ts';
import { exponential, type Random } from './random.ts';

const hour = 3_600_000;
const week = 7 * 24 * hour;

/** A simulated team. */
export interface DemandingTeam {
  team: string;
  weight: number;
  /** Mean demand over the week, devices. */
  devices: number;
  /** Part of the time in which it asks at all; the rest is silence. */
  active: number;
  priority: number;
}

/** Bursts of different lengths, weights from 1 to 4; together 0.9 times a pool of 32 devices. */
export const demandingTeams: readonly DemandingTeam[] = [
  { team: 'vision', weight: 4, devices: 9, active: 0.6, priority: 0 },
  { team: 'nlp', weight: 2, devices: 7.5, active: 0.5, priority: 2 },
  { team: 'speech', weight: 1, devices: 6, active: 0.9, priority: 4 },
  { team: 'robots', weight: 1, devices: 4.5, active: 0.25, priority: 1 },
  { team: 'ads', weight: 2, devices: 1.8, active: 0.15, priority: 3 },
];

/** A week of jobs: on-off bursts, each job 1 to 8 devices or a fraction for about three hours. */
export function weekOfDemand(
  teams: readonly DemandingTeam[],
  from: number,
  seed: number,
): SimulatedJob[] {
  return teams
    .flatMap((team, at) => jobsOf(team, from, createRandom(seed * 1_000 + at)))
    .sort((a, b) => a.at - b.at);
}

function jobsOf(team: DemandingTeam, from: number, random: Random): SimulatedJob[] {
  const jobs: SimulatedJob[] = [];
  const burst = 6 * hour;
  const silence = (burst * (1 - team.active)) / team.active;
  const meanRun = 3 * hour;
  const meanDevices = 1.125;
  const gap = (meanRun * meanDevices * team.active) / team.devices;
  let at = exponential(random, silence);
  while (at < week) {
    const end = at + exponential(random, burst);
    for (at += exponential(random, gap); at < Math.min(end, week); at += exponential(random, gap)) {
      const runMs = 60_000 + exponential(random, meanRun - 60_000);
      const requestId = `${team.team}-${jobs.length}`;
      jobs.push({
        at: from + Math.round(at),
        runMs: Math.round(runMs),
        request: requestFor(team, requestId, random),
      });
    }
    at = end + exponential(random, silence);
  }
  return jobs;
}

/** 1.125 devices on average: 0.29 of them are fractions, 0.11 pairs, 0.03 ask for 4 and 0.01 for 8. */
function requestFor(team: DemandingTeam, requestId: string, random: Random): LeaseRequest {
  const kind = random();
  const devices = kind < 0.56 ? 1 : kind < 0.67 ? 2 : kind < 0.96 ? 0 : kind < 0.99 ? 4 : 8;
  const resources =
    devices === 0
      ? { ...wholeDevices(1), milli: 100 * (1 + Math.floor(random() * 9)), memoryMib: 8_000 }
      : wholeDevices(devices);
  return {
    requestId,
    team: team.team,
    priority: team.priority,
    preemptible: random() < 0.7,
    restartable: true,
    resources,
    expectedSeconds: null,
    maxSeconds: null,
    latencyGoalMs: null,
    label: team.team,
    profileKey: null,
    holder: { workflowId: `work/${requestId}`, runId: 'bench' },
  };
}
