import { defaultPoolConfig, type PoolConfig } from '../contracts/pool/messages.ts';
import { noTeams, type TeamsConfig } from '../contracts/pool/teams.ts';
import type { PoolState } from './state.ts';

/** A pool that knows no host yet. */
export function initialState(
  pool: string,
  config: Partial<PoolConfig> = {},
  teams: TeamsConfig = noTeams,
): PoolState {
  return {
    version: 1,
    pool,
    config: { ...defaultPoolConfig, ...config },
    teams,
    hosts: {},
    devices: {},
    epochs: {},
    leases: {},
    waiting: {},
    usage: {},
    recent: [],
    typical: [],
    unrecorded: [],
    tickAt: 0,
    dueAt: null,
    totals: { granted: 0, released: 0, revoked: 0, expired: 0, refused: 0 },
  };
}
