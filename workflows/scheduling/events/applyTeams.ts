import type { FailureType } from '../../contracts/errors.ts';
import type { TeamsConfig } from '../../contracts/pool/teams.ts';
import { jsonBytes } from '../jsonBytes.ts';
import type { PoolState } from '../state.ts';
import { checkTeams } from './checkTeams.ts';

/** The pool has to hand the teams on together with its whole queue. */
const mostBytes = 400_000;

/** Sets all teams, reservations and prices at once, or nothing. */
export function applyTeams(
  state: PoolState,
  teams: TeamsConfig,
  _now: number,
): { state: PoolState } | { refusal: { type: FailureType; message: string } } {
  const problem = checkTeams(teams);
  if (problem !== undefined) {
    const message = `${problem.at.join('.') || 'teams'}: ${problem.message}`;
    return { refusal: { type: 'InvalidRequest', message } };
  }
  const size = jsonBytes(teams);
  if (size > mostBytes) {
    const message = `teams: ${size} bytes as JSON: expected at most ${mostBytes}; use fewer teams, reservations or prices`;
    return { refusal: { type: 'InvalidRequest', message } };
  }
  return { state: { ...state, teams } };
}
