import type { WithdrawMessage } from '../../contracts/pool/messages.ts';
import { endLease } from '../endLease.ts';
import { lookup } from '../lookup.ts';
import type { PoolState } from '../state.ts';
import { forgetRequest } from './recent.ts';

/**
 * The requester no longer waits. When the grant has crossed with the withdrawal, the lease is over,
 * too; its devices are lent again once their host has confirmed that nothing ran there.
 */
export function withdrawRequest(
  state: PoolState,
  message: WithdrawMessage,
  now: number,
): PoolState {
  const requestId = message?.requestId;
  const held = Object.values(state.leases).filter((lease) => lease.request.requestId === requestId);
  const ended = held.reduce(
    (left, { leaseId }) => endLease(left, leaseId, 'released', now, []),
    state,
  );
  return lookup(ended.waiting, requestId) === undefined
    ? ended
    : forgetRequest(ended, requestId, now);
}
