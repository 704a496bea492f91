import type { Lease } from '../../contracts/lease.ts';
import type { GrantMessage, RefuseMessage, RevokeMessage } from '../../contracts/pool/messages.ts';
import { endLease } from '../endLease.ts';
import { lookup, without } from '../lookup.ts';
import type { DeviceState, HeldLease, PoolState, WaitingRequest } from '../state.ts';

/** The lease is held as it was granted; a grant that is repeated changes nothing. */
export function recordedGrant(
  before: PoolState,
  { requestId, lease }: GrantMessage,
  now: number,
): PoolState {
  const epochs = { ...before.epochs };
  for (const { deviceId, epoch } of lease.devices) {
    epochs[deviceId] = Math.max(lookup(epochs, deviceId) ?? 0, epoch);
  }
  const state = { ...before, epochs };
  if (lookup(state.leases, lease.leaseId) !== undefined) return state;
  const waiting = lookup(state.waiting, requestId);
  if (waiting === undefined) return toBeCleared(state, lease, now);
  // The decision was made a moment before the message about it was written down.
  const grantedAt = Math.min(now, lease.expiresAt - state.config.leaseLifeMs);
  const held = heldLease(waiting, lease, grantedAt);
  return {
    ...state,
    leases: { ...state.leases, [lease.leaseId]: held },
    waiting: without(state.waiting, requestId),
    totals: { ...state.totals, granted: state.totals.granted + 1 },
  };
}

function heldLease(waiting: WaitingRequest, lease: Lease, grantedAt: number): HeldLease {
  const { request, submittedAt, grants, tookFrom } = waiting;
  const { cpuMilli, hostMemoryMib } = request.resources;
  const part = (amount: number, devices: number) =>
    Math.ceil((amount * devices) / lease.devices.length);
  const hostIds = [...new Set(lease.devices.map(({ hostId }) => hostId))];
  return {
    leaseId: lease.leaseId,
    request,
    submittedAt,
    grants: grants + 1,
    grantedAt,
    renewedAt: grantedAt,
    expiresAt: lease.expiresAt,
    devices: lease.devices.map(({ deviceId, epoch, milli, memoryMib }) => ({
      ...{ deviceId, epoch, milli, memoryMib },
    })),
    hosts: hostIds.map((hostId) => {
      const own = lease.devices.filter((device) => device.hostId === hostId).length;
      return { hostId, cpuMilli: part(cpuMilli, own), memoryMib: part(hostMemoryMib, own) };
    }),
    revoking: null,
    latency: null,
    ...(tookFrom && { tookFrom }),
  };
}

/** Nobody knows the lease any more, and its holder may still work: its devices are not free. */
function toBeCleared(state: PoolState, { leaseId, devices }: Lease, since: number): PoolState {
  const changed: Record<string, DeviceState> = {};
  for (const { deviceId, epoch, milli, memoryMib } of devices) {
    const device = lookup(state.devices, deviceId);
    if (device === undefined || device.clearing.some((share) => share.epoch === epoch)) continue;
    const share = { leaseId, epoch, milli, memoryMib, since };
    changed[deviceId] = { ...device, clearing: [...device.clearing, share] };
  }
  return { ...state, devices: { ...state.devices, ...changed } };
}

/** A notice, or the end of the lease. */
export function recordedRevocation(
  state: PoolState,
  { leaseId, reason, message, graceUntil, requeued }: RevokeMessage,
  now: number,
): PoolState {
  const lease = lookup(state.leases, leaseId);
  if (lease === undefined) return state;
  const { asked: _answered, ...rest } = lease;
  const revoking = {
    ...{ reason, message, graceUntil: graceUntil ?? now, requeue: requeued },
    shrinkTo: lease.revoking?.shrinkTo ?? null,
  };
  const noticed = { ...state, leases: { ...state.leases, [leaseId]: { ...rest, revoking } } };
  return graceUntil === null ? endLease(noticed, leaseId, reason, now, []) : noticed;
}

/** A request that became impossible while it waited. */
export function recordedRefusal(state: PoolState, { requestId }: RefuseMessage): PoolState {
  return { ...state, waiting: without(state.waiting, requestId) };
}
