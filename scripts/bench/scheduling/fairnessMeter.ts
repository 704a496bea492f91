import type { Decision, PoolState } from '../../../workflows/scheduling/state.ts';
import { idealShares } from './idealShares.ts';
import type { DemandingTeam } from './weekOfDemand.ts';

export interface FairnessFigures {
  /** Part of the pool that is with another team than the ideal says, mean over contended time. */
  shareError: number;
  /** Part of the pool's compute that is lent, mean over all time. */
  utilisation: number;
  preemptions: number;
  /** Mean wait by team, hours, of all requests so far, those that still wait included. */
  waits: Record<string, number>;
  /** Part of the time in which more was asked for than there is. */
  contended: number;
}

/** Teams are told apart by label, as the alternatives know no teams. */
export function createFairnessMeter(
  teams: readonly DemandingTeam[],
  capacity: number,
  from: number,
) {
  const waits = new Map(teams.map(({ team }) => [team, { sum: 0, count: 0 }]));
  let [last, error, contended, lent, preemptions] = [from, 0, 0, 0, 0];
  let held: number[] = teams.map(() => 0);
  let ideal: number[] = teams.map(() => 0);
  let isContended = false;

  /** What held since the decision before. */
  function pass(now: number): void {
    const span = now - last;
    last = now;
    lent += span * held.reduce((sum, one) => sum + one, 0);
    if (!isContended) return;
    contended += span;
    const apart = held.reduce((sum, one, at) => sum + Math.abs(one - ideal[at]!), 0);
    // What is with one team too many is missing with another: count it once.
    error += (span * apart) / 2;
  }

  function onDecision(decision: Decision, _before: PoolState, now: number): void {
    pass(now);
    const { state, grants, revocations } = decision;
    preemptions += revocations.filter(({ reason }) => reason !== 'moved').length;
    for (const { leaseId } of grants) {
      const lease = state.leases[leaseId]!;
      if (lease.grants === 1) addWait(lease.request.label, now - lease.submittedAt);
    }
    const waiting = Object.values(state.waiting);
    const leases = Object.values(state.leases);
    const sumFor = (
      label: string,
      of: readonly { request: { label: string; resources: { devices: number; milli: number } } }[],
    ) =>
      of.reduce(
        (sum, { request: { label: own, resources } }) =>
          own === label ? sum + (resources.devices * resources.milli) / 1000 : sum,
        0,
      );
    held = teams.map(({ team }) => sumFor(team, leases));
    const demands = teams.map(({ team, weight }, at) => ({
      weight,
      devices: held[at]! + sumFor(team, waiting),
    }));
    isContended = demands.reduce((sum, { devices }) => sum + devices, 0) > capacity;
    ideal = idealShares(demands, capacity);
  }

  function addWait(team: string, ms: number): void {
    const wait = waits.get(team)!;
    wait.sum += ms;
    wait.count += 1;
  }

  function figures(state: PoolState, until: number): FairnessFigures {
    pass(until);
    for (const { request, submittedAt, grants } of Object.values(state.waiting)) {
      if (grants === 0) addWait(request.label, until - submittedAt);
    }
    const mean = ({ sum, count }: { sum: number; count: number }) =>
      sum / Math.max(1, count) / 3_600_000;
    return {
      shareError: contended > 0 ? error / contended / capacity : 0,
      utilisation: lent / (until - from) / capacity,
      preemptions,
      waits: Object.fromEntries([...waits].map(([team, wait]) => [team, mean(wait)])),
      contended: contended / (until - from),
    };
  }

  return { onDecision, figures };
}
