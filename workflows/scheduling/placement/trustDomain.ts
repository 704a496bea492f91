import type { TeamsConfig } from '../../contracts/pool/teams.ts';

/**
 * Trust domain of a team's leases: the nearest one set on its path, else its top-level team alone.
 * Leases of different domains never share a device.
 */
export function trustDomainOf({ teams }: TeamsConfig, team: string): string {
  const names = team.split('/');
  let domain = `team:${names[0]}`;
  let level = teams;
  for (const name of names) {
    const found = Object.hasOwn(level, name) ? level[name]! : undefined;
    if (!found) break;
    if (found.trustDomain !== null) domain = `domain:${found.trustDomain}`;
    level = found.children;
  }
  return domain;
}
