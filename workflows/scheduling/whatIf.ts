import type { WhatIfAnswer, WhatIfChange } from '../contracts/pool/description.ts';
import { endLease } from './endLease.ts';
import { addDevicesLike } from './events/addDevicesLike.ts';
import { drainDevices } from './events/drainDevices.ts';
import { submitRequest } from './events/submitRequest.ts';
import { explain } from './explain/explain.ts';
import { lookup } from './lookup.ts';
import { schedule } from './schedule.ts';
import type { Decision, PoolState } from './state.ts';

/** Tells the request that is tried out from those that wait. */
const triedId = 'what-if';
const nobody = { workflowId: 'what-if', runId: 'what-if' };

/**
 * What the next decision would be if the pool were different, compared with what it would be as it
 * is. A request that would get its place after notice to others counts as started.
 */
export function whatIf(state: PoolState, change: WhatIfChange, now: number): WhatIfAnswer {
  const changed = withChanges(state, change, now);
  const submitted = change.request
    ? submitRequest(changed, { ...change.request, requestId: triedId, holder: nobody }, now)
    : { state: changed };
  if (submitted.refusal) return refused(submitted.refusal.message);
  const asked = change.request ? triedId : (change.requestId ?? null);
  const before = schedule(state, now);
  const after = schedule(submitted.state, now);
  const anyway = new Set(startedBy(before));
  const started = startedBy(after).filter((id) => id !== triedId && !anyway.has(id));
  const noticedAnyway = new Set(before.revocations.map(({ leaseId }) => leaseId));
  const noticed = after.revocations.map(({ leaseId }) => leaseId);
  const revoked = noticed.filter((leaseId) => !noticedAnyway.has(leaseId));
  const refusal = after.refusals.find(({ requestId }) => requestId === asked);
  if (refusal) return refused(refusal.message);
  if (asked === null) {
    return { wouldStart: null, devices: [], started, revoked, explanation: null };
  }
  const place = placeOf(after.state, asked);
  return {
    wouldStart: place !== undefined,
    devices: place?.devices ?? [],
    started,
    revoked: place ? revoked.filter((id) => place.victims.includes(id)) : [],
    explanation: place ? null : explain(submitted.state, asked, now),
  };
}

function startedBy({ grants, state }: Decision): string[] {
  const promised = Object.values(state.waiting).filter((waiting) => waiting.promised !== null);
  return [
    ...grants.map(({ requestId }) => requestId),
    ...promised.map(({ request }) => request.requestId),
  ];
}

function placeOf(
  state: PoolState,
  requestId: string,
): { devices: string[]; victims: string[] } | undefined {
  const lease = Object.values(state.leases).find((one) => one.request.requestId === requestId);
  const waiting = lookup(state.waiting, requestId);
  const held = lease?.devices ?? waiting?.promised?.devices;
  if (held === undefined) return undefined;
  return { devices: held.map(({ deviceId }) => deviceId), victims: waiting?.victims ?? [] };
}

function refused(message: string): WhatIfAnswer {
  const explanation = {
    requestId: triedId,
    state: 'unknown' as const,
    position: null,
    reasons: [],
    text: `it would be refused: ${message}`,
    estimatedStart: null,
  };
  return { wouldStart: false, devices: [], started: [], revoked: [], explanation };
}

function withChanges(state: PoolState, change: WhatIfChange, now: number): PoolState {
  let next = state;
  if (change.addDevices) next = addDevicesLike(next, change.addDevices);
  for (const deviceId of change.removeDevices ?? []) {
    const device = lookup(next.devices, deviceId);
    if (!device) continue;
    next = { ...next, devices: { ...next.devices, [deviceId]: { ...device, missing: true } } };
  }
  for (const target of change.undrain ?? []) {
    const outcome = drainDevices(next, { target, drain: false, revoke: false }, now);
    if ('state' in outcome) next = outcome.state;
  }
  for (const leaseId of change.release ?? []) {
    const lease = lookup(next.leases, leaseId);
    if (lease) next = endLease(next, leaseId, 'released', now, lease.devices);
  }
  const raised = lookup(next.waiting, change.priority?.requestId);
  if (raised && change.priority) {
    const { requestId, priority } = change.priority;
    const request = { ...raised.request, priority };
    next = { ...next, waiting: { ...next.waiting, [requestId]: { ...raised, request } } };
  }
  return next;
}
