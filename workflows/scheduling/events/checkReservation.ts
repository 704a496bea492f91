import { type TeamsConfig, teamPattern } from '../../contracts/pool/teams.ts';
import { teamAt, teamLevels } from '../fairness/teamTree.ts';
import { integer, listOfTexts, show } from './checks.ts';
import type { TeamsProblem } from './checkTeams.ts';
import { type Fields, isFields, isFiniteNumber, isKey } from './untrusted.ts';
import { isKnownTeam } from './whyTeamRefuses.ts';

const idPattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** ms since the Unix epoch: what is later is no date that can be shown, and no timer that can be set. */
const latestTime = Date.UTC(2200, 0, 1);

/** @param seen Ids of the reservations before it; its own is added. */
export function checkReservation(
  value: unknown,
  teams: TeamsConfig,
  seen: Set<string>,
): TeamsProblem | undefined {
  if (!isFields(value)) return { at: ['reservations'], message: 'expected reservations by id' };
  const { reservationId } = value;
  const at = ['reservations', String(reservationId)];
  if (!isKey(reservationId) || !idPattern.test(reservationId)) {
    return { at, message: 'expected an id of up to 63 of a-z, 0-9 and . _ -' };
  }
  if (seen.has(reservationId)) return { at, message: 'expected an id that no other one has' };
  seen.add(reservationId);
  if (!integer(1, 100_000).holds(value.devices)) {
    const message = `${show(value.devices)}: expected a number of whole devices, 1 or more`;
    return { at: [...at, 'devices'], message };
  }
  if (!listOfTexts(64).holds(value.models)) {
    return {
      at: [...at, 'models'],
      message: `${show(value.models)}: expected a list of device models`,
    };
  }
  return checkTeamOf(value, teams, at) ?? checkWindow(value.window, at);
}

function checkTeamOf(
  { team, devices }: Fields,
  teams: TeamsConfig,
  at: string[],
): TeamsProblem | undefined {
  if (typeof team !== 'string' || !teamPattern.test(team) || !isKnownTeam(teams, team)) {
    return { at: [...at, 'team'], message: `${show(team)}: expected a team of this file` };
  }
  const limits = teamLevels(team).map((path) => teamAt(teams, path).limit.milli);
  const least = Math.min(...limits.map((limit) => limit ?? Number.POSITIVE_INFINITY));
  return Number(devices) * 1000 > least
    ? {
        at: [...at, 'devices'],
        message: `${devices}: expected at most the team's limit of ${least / 1000} devices`,
      }
    : undefined;
}

function checkWindow(window: unknown, at: string[]): TeamsProblem | undefined {
  if (isFields(window) && window.kind === 'once') {
    const { from, to } = window;
    if (!isFiniteNumber(from) || !isFiniteNumber(to) || from < 0 || from >= to) {
      return { at: [...at, 'to'], message: 'expected a time after `from`' };
    }
    return to > latestTime
      ? { at: [...at, 'to'], message: `${show(to)}: expected a time before the year 2200` }
      : undefined;
  }
  if (isFields(window) && window.kind === 'weekly') {
    const { days, fromMinute, toMinute } = window;
    if (!areDays(days)) return { at: [...at, 'days'], message: 'expected days of the week' };
    const minutes = integer(0, 1440);
    return minutes.holds(fromMinute) && minutes.holds(toMinute) && fromMinute !== toMinute
      ? undefined
      : { at: [...at, 'to'], message: 'expected another time of the day than `from`' };
  }
  return { at, message: 'expected a window: days, from and to' };
}

const areDays = (days: unknown): boolean =>
  Array.isArray(days) &&
  days.length > 0 &&
  new Set(days).size === days.length &&
  days.every((day) => integer(0, 6).holds(day));
