import type { RevokeReason } from '../../contracts/pool/messages.ts';
import { endLease } from '../endLease.ts';
import type { Decision, HeldLease, PoolState, Revoking } from '../state.ts';

/** A decision in the making. `state` is replaced, never changed in place, unless its records are owned. */
export interface Draft {
  now: number;
  state: PoolState;
  /** The records of `state` are this decision's own (see ownRecords) and may be changed. */
  ownsRecords: boolean;
  grants: Decision['grants'];
  revocations: Decision['revocations'];
  expiries: Decision['expiries'];
  refusals: Decision['refusals'];
}

export function openDraft(state: PoolState, now: number): Draft {
  return {
    ...{ now, state, ownsRecords: false },
    ...{ grants: [], revocations: [], expiries: [], refusals: [] },
  };
}

export function setLease(draft: Draft, lease: HeldLease): void {
  const { state } = draft;
  if (draft.ownsRecords) state.leases[lease.leaseId] = lease;
  else draft.state = { ...state, leases: { ...state.leases, [lease.leaseId]: lease } };
}

/** Gives notice; what has notice already keeps its own. */
export function revoke(
  draft: Draft,
  leaseId: string,
  notice: { reason: RevokeReason; message: string } & Partial<
    Pick<Revoking, 'requeue' | 'shrinkTo' | 'movedTo'>
  >,
): void {
  const lease = draft.state.leases[leaseId];
  if (!lease || lease.revoking) return;
  const { reason, message, requeue = false, shrinkTo = null, movedTo } = notice;
  const graceUntil = draft.now + draft.state.config.graceMs;
  const revoking: Revoking = { reason, message, graceUntil, requeue, shrinkTo };
  if (movedTo) revoking.movedTo = movedTo;
  const { asked: _answered, ...rest } = lease;
  setLease(draft, { ...rest, revoking });
  const { requestId, holder } = lease.request;
  draft.revocations.push({
    ...{ leaseId, requestId, holder, reason, message, graceUntil },
    requeued: requeue,
  });
}

/** The lease is over without its holder having released it. */
export function expire(
  draft: Draft,
  lease: HeldLease,
  reason: RevokeReason,
  message: string,
): void {
  const { leaseId, request } = lease;
  draft.state = endLease(draft.state, leaseId, reason, draft.now, []);
  draft.expiries.push({
    leaseId,
    requestId: request.requestId,
    holder: request.holder,
    reason,
    message,
    requeued: lease.revoking?.requeue ?? false,
  });
}
