import type { RevokeReason } from '../../contracts/pool/messages.ts';
import type { PoolState } from '../state.ts';

/** Has the next `schedule` give notice to a lease. What is being revoked already stays as it is. */
export function askRevocation(
  state: PoolState,
  leaseId: string,
  reason: RevokeReason,
  message: string,
): PoolState {
  const lease = state.leases[leaseId];
  if (lease === undefined || lease.revoking !== null || lease.asked !== undefined) return state;
  const asked = { ...lease, asked: { reason, message } };
  return { ...state, leases: { ...state.leases, [leaseId]: asked } };
}

/** Takes the wish back where notice has not been given yet. */
export function unaskRevocation(
  state: PoolState,
  leaseId: string,
  reason: RevokeReason,
): PoolState {
  const lease = state.leases[leaseId];
  if (lease?.asked?.reason !== reason) return state;
  const { asked: _taken, ...rest } = lease;
  return { ...state, leases: { ...state.leases, [leaseId]: rest } };
}
