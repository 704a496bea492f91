import { failure } from '../../contracts/errors.ts';
import {
  type DrainInput,
  type DrainResult,
  defaultPoolConfig,
  type PoolConfig,
} from '../../contracts/pool/messages.ts';
import type { TeamsConfig } from '../../contracts/pool/teams.ts';
import { applyTeams } from '../../scheduling/events/applyTeams.ts';
import { drainDevices } from '../../scheduling/events/drainDevices.ts';
import type { PoolState } from '../../scheduling/state.ts';

/**
 * The pool's Updates as pure functions. A validator calls the same one and drops what it returns:
 * what it throws refuses the Update before anything is written to the history.
 * @throws ApplicationFailure of a Berth type; any other error would hold up every message of the pool
 */
export function drained(
  state: PoolState,
  input: DrainInput,
  now: number,
): { state: PoolState; result: DrainResult } {
  const { target, drain, revoke } = asFields(input, 'drain');
  if (typeof target !== 'string' || typeof drain !== 'boolean' || typeof revoke !== 'boolean') {
    throw failure(
      'InvalidRequest',
      'drain: expected {target: string, drain: boolean, revoke: boolean}',
    );
  }
  const outcome = drainDevices(state, { target, drain, revoke }, now);
  if ('refusal' in outcome) throw failure(outcome.refusal.type, outcome.refusal.message);
  return outcome;
}

export function withTeams(state: PoolState, teams: TeamsConfig, now: number): PoolState {
  asFields(teams, 'teams');
  const outcome = applyTeams(state, teams, now);
  if ('refusal' in outcome) throw failure(outcome.refusal.type, outcome.refusal.message);
  return outcome.state;
}

/** A day: no time of the pool is sensibly longer, apart from the half-life. */
const longestMs = 24 * 3_600_000;

const bounds: Record<keyof PoolConfig, [least: number, most: number]> = {
  heartbeatMs: [100, longestMs],
  hostLapseMs: [300, longestMs],
  leaseLifeMs: [1_000, longestMs],
  graceMs: [0, longestMs],
  minRunMs: [0, longestMs],
  usageHalfLifeMs: [60_000, 366 * longestMs],
  agingMs: [1_000, 366 * longestMs],
  // What waits has to fit into the 2 MB that one run hands to the next.
  maxWaiting: [1, 2_500],
  maxMoves: [0, 16],
  rememberMs: [1_000, longestMs],
  packCpuPercent: [0, 1_000],
  packFragmentPercent: [0, 1_000],
  packSlotPercent: [0, 1_000],
  packContentionPercent: [0, 1_000],
  packPriceFromMilli: [0, 1_000],
};

export function configured(state: PoolState, changes: Partial<PoolConfig>): PoolState {
  for (const [name, value] of Object.entries(asFields(changes, 'configuration'))) {
    if (!Object.hasOwn(defaultPoolConfig, name)) {
      const known = Object.keys(defaultPoolConfig).join(', ');
      throw failure('InvalidRequest', `configuration: ${name}: expected one of ${known}`);
    }
    const [least, most] = bounds[name as keyof PoolConfig];
    if (!Number.isSafeInteger(value) || Number(value) < least || Number(value) > most) {
      const expected = `expected a whole number from ${least} to ${most}`;
      throw failure('InvalidRequest', `configuration: ${name} ${String(value)}: ${expected}`);
    }
  }
  const config = { ...state.config, ...changes };
  if (config.hostLapseMs <= config.heartbeatMs) {
    const message = `configuration: hostLapseMs ${config.hostLapseMs}: expected more than heartbeatMs ${config.heartbeatMs}`;
    throw failure('InvalidRequest', message);
  }
  if (config.leaseLifeMs <= config.heartbeatMs) {
    const message = `configuration: leaseLifeMs ${config.leaseLifeMs}: expected more than heartbeatMs ${config.heartbeatMs}, as heartbeats renew leases`;
    throw failure('InvalidRequest', message);
  }
  return { ...state, config };
}

function asFields(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw failure('InvalidRequest', `${what}: expected an object`);
}
