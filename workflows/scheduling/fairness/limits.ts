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

type LimitedLevel = { level: string; limit: Partial<ResourceVector> };

const known = new WeakMap<TeamsConfig, Map<string, LimitedLevel[]> | null>();
const none: LimitedLevel[] = [];

/** The first limit on the team's path that `wanted` on top of `use` would exceed. */
export function limitReached(
  config: TeamsConfig,
  use: ReadonlyMap<string, ResourceVector>,
  team: string,
  wanted: ResourceVector,
): LimitReached | undefined {
  for (const { level, limit: limits } of limitedLevels(config, team)) {
    const used = use.get(level) ?? noResources;
    for (const resource of resourceNames) {
      const limit = limits[resource];
      if (limit === undefined || used[resource] + wanted[resource] <= limit) continue;
      return {
        ...{ team: level, resource, limit },
        used: used[resource],
        wanted: wanted[resource],
      };
    }
  }
  return undefined;
}

export function isLimitedTeam(config: TeamsConfig, team: string): boolean {
  return limitedLevels(config, team).length > 0;
}

/** Levels of the path that have a limit. Without a teams file no names are kept, as any may come. */
function limitedLevels(config: TeamsConfig, team: string): LimitedLevel[] {
  let byTeam = known.get(config);
  if (byTeam === undefined) {
    byTeam = Object.keys(config.teams).length === 0 ? null : new Map();
    known.set(config, byTeam);
  }
  if (byTeam === null) return none;
  let found = byTeam.get(team);
  if (!found) {
    found = teamLevels(team)
      .map((level) => ({ level, limit: configuredTeam(config, level)?.limit ?? {} }))
      .filter(({ limit }) => Object.keys(limit).length > 0);
    byTeam.set(team, found);
  }
  return found;
}
