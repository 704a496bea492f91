import type { UsageRecord } from '../contracts/pool/usage.ts';
import { decayedTo, meanOfHolding, withoutFaded } from './fairness/decayedUsage.ts';
import { addScaled } from './fairness/resourceVector.ts';
import { teamLevels } from './fairness/teamTree.ts';
import { heldVector } from './fairness/teamUsage.ts';
import type { DeviceState, HeldLease, PoolState, WaitingRequest } from './state.ts';

/**
 * Ends a lease: its shares that are not among `cleared` keep being taken as `clearing`, its use is
 * charged to every level of its team, a usage record is due, and a lease revoked with `requeue` waits
 * again under its first submission time, unless its holder is gone. An unknown lease changes nothing.
 */
export function endLease(
  state: PoolState,
  leaseId: string,
  end: UsageRecord['end'],
  now: number,
  cleared: readonly { deviceId: string; epoch: number }[],
): PoolState {
  const lease = state.leases[leaseId];
  if (!lease) return state;
  const { [leaseId]: _, ...leases } = state.leases;
  const { requestId } = lease.request;
  const requeued =
    lease.revoking?.requeue && end !== 'holder-gone' ? requeue(state, lease) : undefined;
  return {
    ...state,
    leases,
    devices: { ...state.devices, ...leftToClear(state, lease, now, cleared) },
    usage: charged(state, lease, now),
    waiting: requeued ? { ...state.waiting, [requestId]: requeued } : state.waiting,
    recent: requeued ? state.recent : remembered(state, requestId, now),
    unrecorded: [...state.unrecorded, usageRecord(state, lease, end, now)],
    totals: counted(state.totals, end),
  };
}

function leftToClear(
  state: PoolState,
  lease: HeldLease,
  now: number,
  cleared: readonly { deviceId: string; epoch: number }[],
): Record<string, DeviceState> {
  const changed: Record<string, DeviceState> = {};
  const { revoking } = lease;
  for (const { deviceId, epoch, milli, memoryMib } of lease.devices) {
    const device = state.devices[deviceId];
    const isClear = cleared.some((one) => one.deviceId === deviceId && one.epoch === epoch);
    if (!device || isClear) continue;
    const share = {
      ...{ leaseId: lease.leaseId, epoch, milli, memoryMib, since: now },
      ...(revoking && { revoked: { reason: revoking.reason, message: revoking.message } }),
    };
    changed[deviceId] = { ...device, clearing: [...device.clearing, share] };
  }
  return changed;
}

function charged(state: PoolState, lease: HeldLease, now: number): PoolState['usage'] {
  const { usageHalfLifeMs } = state.config;
  const mean = meanOfHolding(heldVector(lease), lease.grantedAt, now, usageHalfLifeMs);
  const usage = { ...state.usage };
  for (const level of teamLevels(lease.request.team)) {
    const past = decayedTo(usage[level], now, usageHalfLifeMs);
    usage[level] = { vector: addScaled(past, mean), at: now };
  }
  return withoutFaded(usage, now, usageHalfLifeMs);
}

function requeue(state: PoolState, lease: HeldLease): WaitingRequest {
  const { revoking, request } = lease;
  const shrunk = revoking?.shrinkTo
    ? { ...request, resources: { ...request.resources, ...revoking.shrinkTo } }
    : request;
  return {
    request: shrunk,
    submittedAt: lease.submittedAt,
    grants: lease.grants,
    serial: nextSerial(state),
    promised: revoking?.movedTo ?? null,
    victims: [],
    requeuedFor: revoking?.reason ?? null,
    ...(lease.tookFrom && { tookFrom: lease.tookFrom }),
  };
}

/** Above every waiting request's. */
export function nextSerial(state: PoolState): number {
  let highest = 0;
  for (const id in state.waiting) highest = Math.max(highest, state.waiting[id]!.serial);
  return highest + 1;
}

function remembered(state: PoolState, requestId: string, now: number): PoolState['recent'] {
  const since = now - state.config.rememberMs;
  return [...state.recent.filter(({ at }) => at >= since), { requestId, at: now }];
}

function usageRecord(
  state: PoolState,
  lease: HeldLease,
  end: UsageRecord['end'],
  now: number,
): UsageRecord {
  const { request } = lease;
  const { cpuMilli, hostMemoryMib } = heldVector(lease);
  return {
    leaseId: lease.leaseId,
    requestId: request.requestId,
    pool: state.pool,
    team: request.team,
    label: request.label,
    profileKey: request.profileKey,
    priority: request.priority,
    submittedAt: lease.submittedAt,
    grantedAt: lease.grantedAt,
    endedAt: now,
    end,
    expectedSeconds: request.expectedSeconds,
    devices: lease.devices.map(({ deviceId, milli, memoryMib }) => {
      const device = state.devices[deviceId];
      const { hostId = '', model = '' } = device ?? {};
      return { deviceId, hostId, model, milli, memoryMib };
    }),
    cpuMilli,
    hostMemoryMib,
  };
}

function counted(totals: PoolState['totals'], end: UsageRecord['end']): PoolState['totals'] {
  if (end === 'released' || end === 'holder-gone') {
    return { ...totals, released: totals.released + 1 };
  }
  return end === 'expired' || end === 'host-lapsed'
    ? { ...totals, expired: totals.expired + 1 }
    : { ...totals, revoked: totals.revoked + 1 };
}
