import type { LeaseRequest } from '../../contracts/pool/requests.ts';
import { defaultTeam, type ResourceVector, type TeamsConfig } from '../../contracts/pool/teams.ts';
import { resourceNames } from '../fairness/resourceVector.ts';
import { configuredTeam, teamAt, teamLevels } from '../fairness/teamTree.ts';
import { wantedVector } from '../fairness/teamUsage.ts';

/** Why a team's own configuration rules a request out, in one line; undefined when it does not. */
export function whyTeamRefuses(
  config: TeamsConfig,
  { team, resources }: Pick<LeaseRequest, 'team' | 'resources'>,
): string | undefined {
  if (!isKnownTeam(config, team)) {
    return `team ${team} is unknown: expected one of the teams file; berth pool teams show lists them`;
  }
  const wanted = wantedVector(resources);
  for (const path of teamLevels(team)) {
    const { limit } = teamAt(config, path);
    for (const resource of resourceNames) {
      const most = limit[resource];
      if (most !== undefined && wanted[resource] > most) {
        return `team ${path} may never hold more than ${most} ${units[resource]}, and ${wanted[resource]} are asked for: ask for less or raise its limit`;
      }
    }
  }
  return undefined;
}

/** Without a teams file any team is taken; `default` always is. */
export function isKnownTeam(config: TeamsConfig, team: string): boolean {
  return (
    team === defaultTeam ||
    Object.keys(config.teams).length === 0 ||
    configuredTeam(config, team) !== undefined
  );
}

const units: Record<keyof ResourceVector, string> = {
  milli: 'thousandths of a device',
  memoryMib: 'MiB of device memory',
  cpuMilli: 'thousandths of a core',
  hostMemoryMib: 'MiB of host memory',
};
