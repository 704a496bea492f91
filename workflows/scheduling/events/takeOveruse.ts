import type { OveruseMessage } from '../../contracts/pool/messages.ts';
import { lookup } from '../lookup.ts';
import type { PoolState } from '../state.ts';
import { askRevocation } from './askRevocation.ts';
import { isFiniteNumber } from './untrusted.ts';

/** A host has measured that a lease uses more memory of a device than its share: it is revoked. */
export function takeOveruse(state: PoolState, message: OveruseMessage, _now: number): PoolState {
  const lease = lookup(state.leases, message?.leaseId);
  const share = lease?.devices.find(({ deviceId }) => deviceId === message.deviceId);
  if (lease === undefined || share === undefined) return state;
  const used = message.usedMib;
  if (!isFiniteNumber(used) || used <= share.memoryMib) return state;
  const { deviceId, memoryMib } = share;
  return askRevocation(
    state,
    lease.leaseId,
    'overuse',
    `lease ${lease.leaseId} uses ${Math.round(used)} MiB of ${deviceId}, its share is ${memoryMib} MiB: ask for more memory`,
  );
}
