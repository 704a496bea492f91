import type { LatencyMessage } from '../../contracts/pool/messages.ts';
import { lookup } from '../lookup.ts';
import type { PoolState } from '../state.ts';
import { isFiniteNumber } from './untrusted.ts';

/** Keeps a holder's newest p95; `schedule` judges it against the goal. */
export function takeLatency(state: PoolState, message: LatencyMessage, now: number): PoolState {
  const lease = lookup(state.leases, message?.leaseId);
  if (lease === undefined) return state;
  const { p95Ms, at } = message;
  if (!isFiniteNumber(p95Ms) || p95Ms < 0 || !isFiniteNumber(at)) return state;
  if (lease.latency !== null && at <= lease.latency.at) return state;
  // A holder whose clock is ahead would make every later report look old.
  const latency = { p95Ms, at: Math.min(at, now) };
  return { ...state, leases: { ...state.leases, [lease.leaseId]: { ...lease, latency } } };
}
