import type { PoolDescription } from '../contracts/pool/description.ts';
import type { Team } from '../contracts/pool/teams.ts';
import { decayedTo, meanInHours, meanOfHolding } from './fairness/decayedUsage.ts';
import { addScaled, dominantShare, noResources } from './fairness/resourceVector.ts';
import { teamAt, teamLevels } from './fairness/teamTree.ts';
import { addToTeam, heldShare, heldVector, poolCapacity, teamUsage } from './fairness/teamUsage.ts';
import type { PoolState } from './state.ts';

/** Every team that is configured, holds, waits or has held of late; by path. */
export function describeTeams(state: PoolState, now: number): PoolDescription['teams'] {
  const used = teamUsage(state);
  const running = usageOfRunning(state, now);
  const capacity = poolCapacity(state);
  const { usageHalfLifeMs } = state.config;
  const waiting = new Map<string, number>();
  for (const { request } of Object.values(state.waiting)) {
    for (const path of teamLevels(request.team)) waiting.set(path, (waiting.get(path) ?? 0) + 1);
  }
  const paths = new Set([
    ...configuredPaths(state.teams.teams, ''),
    ...used.keys(),
    ...waiting.keys(),
    ...Object.keys(state.usage),
  ]);
  return [...paths].sort().map((team) => {
    const { quota, limit, weight } = teamAt(state.teams, team);
    const own = used.get(team) ?? noResources;
    const past = decayedTo(state.usage[team], now, usageHalfLifeMs);
    const mean = dominantShare(addScaled(past, running.get(team) ?? noResources), capacity);
    return {
      ...{ team, quota, limit, weight },
      used: own,
      share: heldShare(state, team, own),
      decayedUse: meanInHours(mean, usageHalfLifeMs),
      waiting: waiting.get(team) ?? 0,
    };
  });
}

/** Leases are charged when they end; what runs counts, too. */
function usageOfRunning(state: PoolState, now: number) {
  const running: ReturnType<typeof teamUsage> = new Map();
  for (const lease of Object.values(state.leases)) {
    const { usageHalfLifeMs } = state.config;
    const mean = meanOfHolding(heldVector(lease), lease.grantedAt, now, usageHalfLifeMs);
    addToTeam(running, lease.request.team, mean, 1);
  }
  return running;
}

function configuredPaths(teams: Record<string, Team>, above: string): string[] {
  return Object.entries(teams).flatMap(([name, team]) => {
    const path = `${above}${name}`;
    return [path, ...configuredPaths(team.children, `${path}/`)];
  });
}
