import type { HeldLease, Placement, WaitingRequest } from '../state.ts';
import type { Draft } from './draft.ts';

/**
 * Lends what `placement` names, all of it in one go. The draft's own records of leases, waiting
 * requests and epochs are changed, as copies of them for each grant would cost more than the rest.
 */
export function grant(draft: Draft, waiting: WaitingRequest, placement: Placement): HeldLease {
  const { state, now } = draft;
  const { request } = waiting;
  const grants = waiting.grants + 1;
  const leaseId = grants === 1 ? request.requestId : `${request.requestId}.${grants}`;
  const lease: HeldLease = {
    leaseId,
    request,
    submittedAt: waiting.submittedAt,
    grants,
    grantedAt: now,
    renewedAt: now,
    expiresAt: now + state.config.leaseLifeMs,
    devices: placement.devices.map(({ deviceId, milli, memoryMib }) => {
      const epoch = (state.epochs[deviceId] ?? 0) + 1;
      state.epochs[deviceId] = epoch;
      return { deviceId, epoch, milli, memoryMib };
    }),
    hosts: placement.hosts,
    revoking: null,
    latency: null,
    ...(waiting.tookFrom && { tookFrom: waiting.tookFrom }),
  };
  state.leases[leaseId] = lease;
  delete state.waiting[request.requestId];
  state.totals.granted += 1;
  draft.grants.push({ leaseId, requestId: request.requestId, holder: request.holder });
  return lease;
}

/** Gives the draft records of its own, which `grant` and `setLease` may change. */
export function ownRecords(draft: Draft): void {
  const { state } = draft;
  draft.ownsRecords = true;
  draft.state = {
    ...state,
    leases: { ...state.leases },
    waiting: { ...state.waiting },
    epochs: { ...state.epochs },
    totals: { ...state.totals },
  };
}
