import type { LeaseHolder } from '../../contracts/lease.ts';
import type { HolderGoneMessage } from '../../contracts/pool/messages.ts';
import { endLease } from '../endLease.ts';
import type { PoolState } from '../state.ts';
import { forgetRequest } from './recent.ts';

/** A workflow run has closed: what it held comes back, what it asked for is forgotten. */
export function dropHolder(state: PoolState, message: HolderGoneMessage, now: number): PoolState {
  const gone = (holder: LeaseHolder) =>
    holder.workflowId === message?.holder?.workflowId && holder.runId === message.holder.runId;
  const held = Object.values(state.leases).filter(({ request }) => gone(request.holder));
  const ended = held.reduce(
    (left, { leaseId }) => endLease(left, leaseId, 'holder-gone', now, []),
    state,
  );
  return Object.values(ended.waiting)
    .filter(({ request }) => gone(request.holder))
    .reduce((left, { request }) => forgetRequest(left, request.requestId, now), ended);
}
