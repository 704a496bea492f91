import type { ReleaseMessage } from '../../contracts/pool/messages.ts';
import { endLease } from '../endLease.ts';
import { lookup } from '../lookup.ts';
import type { PoolState } from '../state.ts';
import { clearShares } from './clearShares.ts';
import { epochsOf } from './untrusted.ts';

/** The holder gives its devices back; also after the lease was over, when only the clearing counts. */
export function releaseLease(state: PoolState, message: ReleaseMessage, now: number): PoolState {
  const cleared = epochsOf(message?.cleared);
  const lease = lookup(state.leases, message?.leaseId);
  if (lease === undefined) return clearShares(state, ofLease(state, message?.leaseId, cleared));
  return endLease(state, lease.leaseId, 'released', now, cleared);
}

/** A holder can only vouch for its own epochs. */
function ofLease(
  state: PoolState,
  leaseId: unknown,
  cleared: { deviceId: string; epoch: number }[],
) {
  return cleared.filter(({ deviceId, epoch }) =>
    lookup(state.devices, deviceId)?.clearing.some(
      (share) => share.leaseId === leaseId && share.epoch === epoch,
    ),
  );
}
