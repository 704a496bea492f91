import type { ResourceVector, Team, TeamsConfig } from '../../contracts/pool/teams.ts';
import { checkReservation } from './checkReservation.ts';
import { integer, show } from './checks.ts';
import { type Fields, isFields, isFiniteNumber, isKey, listOf } from './untrusted.ts';

/** What is wrong with a teams configuration, and where, in the words of the teams file. */
export interface TeamsProblem {
  at: string[];
  message: string;
}

const maxTeams = 2000;
const maxReservations = 500;
const maxDepth = 5;
const namePattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** The teams file's words for the resources. */
export const resourceWords: Record<keyof ResourceVector, string> = {
  milli: 'devices',
  memoryMib: 'memory',
  cpuMilli: 'cpus',
  hostMemoryMib: 'hostMemory',
};
const resources = Object.keys(resourceWords) as (keyof ResourceVector)[];

/** The first problem of a configuration that came over the wire or from a file; undefined for none. */
export function checkTeams(value: unknown): TeamsProblem | undefined {
  if (!isFields(value)) return { at: [], message: 'expected an object; see TeamsConfig' };
  const { teams, reservations, prices, currency } = value;
  const count = { teams: 0 };
  const inTeams = checkLevel(teams, ['teams'], count);
  if (inTeams !== undefined) return inTeams;
  if (!Array.isArray(reservations) || reservations.length > maxReservations) {
    return { at: ['reservations'], message: `expected at most ${maxReservations} reservations` };
  }
  const known = new Set<string>();
  for (const entry of listOf(reservations)) {
    const problem = checkReservation(entry, value as unknown as TeamsConfig, known);
    if (problem !== undefined) return problem;
  }
  return checkPrices(prices) ?? checkCurrency(currency);
}

function checkLevel(
  value: unknown,
  at: string[],
  count: { teams: number },
): TeamsProblem | undefined {
  if (!isFields(value)) return { at, message: `${show(value)}: expected teams by name` };
  for (const [name, team] of Object.entries(value)) {
    const here = [...at, name];
    count.teams += 1;
    const problem = checkTeam(name, team, here, count);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function checkTeam(
  name: string,
  value: unknown,
  at: string[],
  count: { teams: number },
): TeamsProblem | undefined {
  if (!isKey(name) || !namePattern.test(name)) {
    return { at, message: 'expected a name of up to 63 of a-z, 0-9 and . _ -' };
  }
  if (at.length / 2 > maxDepth) return { at, message: `expected at most ${maxDepth} levels` };
  if (count.teams > maxTeams) return { at, message: `expected at most ${maxTeams} teams` };
  if (!isFields(value)) return { at, message: `${show(value)}: expected a team's settings` };
  const { weight, trustDomain } = value;
  if (!isFiniteNumber(weight) || weight <= 0 || weight > 1e6) {
    return { at: [...at, 'weight'], message: `${show(weight)}: expected a number above 0` };
  }
  if (trustDomain !== null && (!isKey(trustDomain) || !namePattern.test(trustDomain))) {
    return {
      at: [...at, 'trustDomain'],
      message: `${show(trustDomain)}: expected a name of a-z, 0-9 and . _ -, or null`,
    };
  }
  return (
    checkAmounts(value.quota, [...at, 'quota']) ??
    checkAmounts(value.limit, [...at, 'limit']) ??
    checkLevel(value.children, [...at, 'teams'], count) ??
    checkQuota(value as unknown as Team, at)
  );
}

function checkAmounts(value: unknown, at: string[]): TeamsProblem | undefined {
  if (!isFields(value)) return { at, message: `${show(value)}: expected amounts of resources` };
  for (const [resource, amount] of Object.entries(value)) {
    const word = (resourceWords as Fields)[resource];
    if (typeof word !== 'string') return { at: [...at, resource], message: 'no such resource' };
    if (!integer(0, 2 ** 50).holds(amount)) {
      return { at: [...at, word], message: `${show(amount)}: expected an amount of 0 or more` };
    }
  }
  return undefined;
}

/** What is guaranteed must be within reach: within the team's limit, and enough for those below. */
function checkQuota({ quota, limit, children }: Team, at: string[]): TeamsProblem | undefined {
  for (const resource of resources) {
    const own = quota[resource];
    const most = limit[resource];
    const where = [...at, 'quota', resourceWords[resource]];
    if (own !== undefined && most !== undefined && own > most) {
      return {
        at: where,
        message: `expected at most its limit of ${amount(resource, most)}, not ${amount(resource, own)}`,
      };
    }
    const below = Object.values(children).reduce(
      (sum, child) => sum + (child.quota[resource] ?? 0),
      0,
    );
    const had = own ?? (Object.keys(quota).length === 0 ? 0 : undefined);
    if (had !== undefined && below > had) {
      return {
        at: own === undefined ? at : where,
        message: `the teams in it have ${amount(resource, below)} as quota, more than its own ${amount(resource, had)}: raise it or lower theirs`,
      };
    }
  }
  return undefined;
}

function amount(resource: keyof ResourceVector, value: number): string {
  if (resource === 'milli') return `${value / 1000} devices`;
  if (resource === 'cpuMilli') return `${value / 1000} cpus`;
  return `${value} MiB of ${resource === 'memoryMib' ? 'device' : 'host'} memory`;
}

function checkPrices(value: unknown): TeamsProblem | undefined {
  const at = ['prices'];
  if (!isFields(value)) return { at, message: `${show(value)}: expected prices by device model` };
  for (const [model, price] of Object.entries(value)) {
    if (!isKey(model) || !isFiniteNumber(price) || price < 0) {
      return {
        at: [...at, model],
        message: `${show(price)}: expected money per device and hour, 0 or more`,
      };
    }
  }
  return undefined;
}

function checkCurrency(value: unknown): TeamsProblem | undefined {
  if (typeof value === 'string' && /^[A-Z]{3}$/.test(value)) return undefined;
  return { at: ['currency'], message: `${show(value)}: expected three letters such as EUR` };
}
