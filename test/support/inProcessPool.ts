import { findRequest } from '../../workers/client/pool/findRequest.ts';
import type { PoolClient } from '../../workers/client/pool/poolClient.ts';
import { readTeamsFile } from '../../workers/pool/teamsFile.ts';
import { berthError, type FailureType } from '../../workflows/contracts/errors.ts';
import { describePool } from '../../workflows/scheduling/describe.ts';
import { applyTeams } from '../../workflows/scheduling/events/applyTeams.ts';
import { drainDevices } from '../../workflows/scheduling/events/drainDevices.ts';
import { explain } from '../../workflows/scheduling/explain/explain.ts';
import type { PoolState } from '../../workflows/scheduling/state.ts';
import { whatIf } from '../../workflows/scheduling/whatIf.ts';

/** A pool that answers from a state in this process, at a fixed time, as its workflow does. */
export function inProcessPool(
  initial: PoolState,
  now: number,
): PoolClient & { state: PoolState; looks: number } {
  const done = <T extends { state: PoolState }>(
    outcome: T | { refusal: { type: FailureType; message: string } },
  ): T => {
    if ('refusal' in outcome) throw berthError(outcome.refusal.type, outcome.refusal.message);
    pool.state = outcome.state;
    return outcome;
  };
  const pool: PoolClient & { state: PoolState; looks: number } = {
    state: initial,
    looks: 0,
    async describe() {
      pool.looks += 1;
      return describePool(pool.state, now);
    },
    explain: async (name) =>
      explain(pool.state, findRequest(describePool(pool.state, now), name), now),
    whatIf: async (change) => whatIf(pool.state, change, now),
    drain: async (target, { revoke = false } = {}) =>
      done(drainDevices(pool.state, { target, drain: true, revoke }, now)).result,
    undrain: async (target) =>
      done(drainDevices(pool.state, { target, drain: false, revoke: false }, now)).result,
    async applyTeams(teams) {
      const config = typeof teams === 'string' ? await readTeamsFile(teams) : teams;
      done(applyTeams(pool.state, config, now));
      return { teams: Object.keys(config.teams).length };
    },
  };
  return pool;
}
