import type { LeaseRequest, Resources } from '../../contracts/pool/requests.ts';
import {
  defaultTeam,
  type ResourceVector,
  type Team,
  type TeamsConfig,
} from '../../contracts/pool/teams.ts';
import { lookup } from '../lookup.ts';

/** Why a team's own configuration rules a request out, in one line; undefined when it does not. */
export function whyTeamRefuses(
  { teams }: TeamsConfig,
  { team, resources }: Pick<LeaseRequest, 'team' | 'resources'>,
): string | undefined {
  if (Object.keys(teams).length === 0) return undefined;
  const levels = teamLevels(teams, team);
  if (levels === undefined) {
    return team === defaultTeam
      ? undefined
      : `team ${team} is unknown: expected one of the teams file; berth pool teams show lists them`;
  }
  const wanted = leastVector(resources);
  for (const { path, node } of levels) {
    for (const resource of Object.keys(wanted) as (keyof ResourceVector)[]) {
      const limit = node.limit[resource];
      if (limit !== undefined && wanted[resource] > limit) {
        return `team ${path} may never hold more than ${limit} ${units[resource]}, and ${wanted[resource]} are asked for: ask for less or raise its limit`;
      }
    }
  }
  return undefined;
}

/** The team and those above it, the topmost first; undefined when one is not configured. */
export function teamLevels(
  teams: Record<string, Team>,
  team: string,
): { path: string; node: Team }[] | undefined {
  const levels: { path: string; node: Team }[] = [];
  let children = teams;
  for (const name of team.split('/')) {
    const node = lookup(children, name);
    if (node === undefined) return undefined;
    const above = levels.at(-1);
    levels.push({ path: above ? `${above.path}/${name}` : name, node });
    children = node.children;
  }
  return levels;
}

/** What a request takes at least, wherever it is placed. */
const leastVector = (resources: Resources): ResourceVector => ({
  milli: resources.devices * resources.milli,
  memoryMib: resources.devices * resources.memoryMib,
  cpuMilli: resources.cpuMilli,
  hostMemoryMib: resources.hostMemoryMib,
});

const units: Record<keyof ResourceVector, string> = {
  milli: 'thousandths of a device',
  memoryMib: 'MiB of device memory',
  cpuMilli: 'thousandths of a core',
  hostMemoryMib: 'MiB of host memory',
};
