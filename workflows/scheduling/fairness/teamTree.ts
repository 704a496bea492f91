import type { Team, TeamsConfig } from '../../contracts/pool/teams.ts';

/** A team that the teams file does not name, and every team of a pool without one. */
export const plainTeam: Team = { quota: {}, limit: {}, weight: 1, trustDomain: null, children: {} };

/** `a/b/c` → `a`, `a/b`, `a/b/c`. */
export function teamLevels(path: string): string[] {
  const levels: string[] = [];
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
    levels.push(path.slice(0, at));
  }
  levels.push(path);
  return levels;
}

export function topLevelTeam(path: string): string {
  const at = path.indexOf('/');
  return at < 0 ? path : path.slice(0, at);
}

export function isWithinTeam(path: string, ancestor: string): boolean {
  return path === ancestor || path.startsWith(`${ancestor}/`);
}

/** The settings of the team at `path`; undefined where the teams file does not name it. */
export function configuredTeam(teams: TeamsConfig, path: string): Team | undefined {
  let children = teams.teams;
  let found: Team | undefined;
  for (const name of path.split('/')) {
    found = Object.hasOwn(children, name) ? children[name] : undefined;
    if (!found) return undefined;
    children = found.children;
  }
  return found;
}

export function teamAt(teams: TeamsConfig, path: string): Team {
  return configuredTeam(teams, path) ?? plainTeam;
}
