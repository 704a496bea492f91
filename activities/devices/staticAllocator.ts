import type { Lease, LeaseHolder, LeaseSpec } from '../../workflows/contracts/lease.ts';

/** A lease lives this long after its grant and after its devices last worked, ms. */
export const leaseLifeMs = 15 * 60_000;

export interface HeldLease {
  /** The request's id: who is not told of a grant can still give it back. */
  leaseId: string;
  team: string;
  holder: LeaseHolder;
  grantedAt: number;
  expiresAt: number;
  devices: { deviceId: string; epoch: number }[];
}

/** State of the allocator; plain JSON, kept over restarts. */
export interface AllocatorState {
  /** Highest epoch that each device was ever lent under. */
  epochs: Record<string, number>;
  leases: HeldLease[];
}

export const emptyState: AllocatorState = { epochs: {}, leases: [] };

export interface LendableDevice {
  deviceId: string;
  taskQueue: string;
}

export type Grant =
  | { outcome: 'granted'; state: AllocatorState; lease: Lease }
  /** Every suitable device is lent; some may come back. */
  | { outcome: 'busy'; free: number }
  /** The host has fewer devices than wanted. */
  | { outcome: 'impossible'; devices: number };

/**
 * Lends the first free devices, in the order of `devices`, all or none. The same request gets its
 * lease again as long as it holds it. Pure.
 */
export function grantLease(
  state: AllocatorState,
  devices: readonly LendableDevice[],
  spec: LeaseSpec,
  holder: LeaseHolder,
  now: number,
): Grant {
  const held = state.leases.find(({ leaseId }) => leaseId === spec.requestId);
  if (held !== undefined) {
    return { outcome: 'granted', state, lease: toLease(held, devices) };
  }
  if (devices.length < spec.devices) return { outcome: 'impossible', devices: devices.length };
  const lent = new Set(state.leases.flatMap((lease) => lease.devices.map((d) => d.deviceId)));
  const free = devices.filter(({ deviceId }) => !lent.has(deviceId));
  if (free.length < spec.devices) return { outcome: 'busy', free: free.length };

  const chosen = free.slice(0, spec.devices).map(({ deviceId }) => ({
    deviceId,
    epoch: (state.epochs[deviceId] ?? 0) + 1,
  }));
  const lease: HeldLease = {
    leaseId: spec.requestId,
    team: spec.team,
    holder,
    grantedAt: now,
    expiresAt: now + leaseLifeMs,
    devices: chosen,
  };
  const epochs = Object.fromEntries(chosen.map(({ deviceId, epoch }) => [deviceId, epoch]));
  return {
    outcome: 'granted',
    state: { epochs: { ...state.epochs, ...epochs }, leases: [...state.leases, lease] },
    lease: toLease(lease, devices),
  };
}

/** Gives a lease back; unknown ids change nothing. Pure. */
export function releaseLease(state: AllocatorState, leaseId: string): AllocatorState {
  return { ...state, leases: state.leases.filter((lease) => lease.leaseId !== leaseId) };
}

/**
 * Extends leases whose devices have worked since, and takes back those that are over: expired, or
 * held by a workflow that has closed. Pure.
 * @param lastActive when each device last worked, ms since the Unix epoch
 */
export function reclaimLeases(
  state: AllocatorState,
  now: number,
  lastActive: Readonly<Record<string, number>>,
  isClosed: (lease: HeldLease) => boolean,
): AllocatorState {
  const leases = state.leases
    .map((lease) => ({ ...lease, expiresAt: renewedExpiry(lease, lastActive) }))
    .filter((lease) => lease.expiresAt > now && !isClosed(lease));
  return { ...state, leases };
}

/** Work from before the grant was somebody else's and renews nothing. */
function renewedExpiry(lease: HeldLease, lastActive: Readonly<Record<string, number>>): number {
  const worked = lease.devices.map(({ deviceId }) => lastActive[deviceId] ?? 0);
  const latest = Math.max(lease.grantedAt, ...worked);
  return Math.max(lease.expiresAt, latest + leaseLifeMs);
}

function toLease(held: HeldLease, devices: readonly LendableDevice[]): Lease {
  return {
    leaseId: held.leaseId,
    pool: 'static',
    team: held.team,
    expiresAt: held.expiresAt,
    devices: held.devices.map(({ deviceId, epoch }) => ({
      deviceId,
      taskQueue:
        devices.find((device) => device.deviceId === deviceId)?.taskQueue ?? `device.${deviceId}`,
      hostId: 'static',
      epoch,
      liveEpochs: [epoch],
      milli: 1000,
      memoryMib: 0,
    })),
  };
}
