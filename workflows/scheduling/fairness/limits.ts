import type { ResourceVector, TeamsConfig } from '../../contracts/pool/teams.ts';
import { noResources, resourceNames } from './resourceVector.ts';
import { configuredTeam, teamLevels } from './teamTree.ts';

export interface LimitReached {
  team: string;
  resource: keyof ResourceVector;
  limit: number;
  used: number;
  wanted: number;
}

/** The first limit on the team's path that `wanted` on top of `use` would exceed. */
export function limitReached(
  teams: TeamsConfig,
  use: ReadonlyMap<string, ResourceVector>,
  team: string,
  wanted: ResourceVector,
): LimitReached | undefined {
  for (const level of teamLevels(team)) {
    const limits = configuredTeam(teams, level)?.limit;
    if (!limits) continue;
    const used = use.get(level) ?? noResources;
    for (const resource of resourceNames) {
      const limit = limits[resource];
      if (limit === undefined || used[resource] + wanted[resource] <= limit) continue;
      return {
        team: level,
        resource,
        limit,
        used: used[resource],
        wanted: wanted[resource],
      };
    }
  }
  return undefined;
}
