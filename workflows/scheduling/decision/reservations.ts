import type { Reservation } from '../../contracts/pool/teams.ts';
import { isWithinTeam } from '../fairness/teamTree.ts';
import { modelMatches } from '../placement/deviceFits.ts';
import type { DeviceState, HeldLease, PoolState } from '../state.ts';
import { type Draft, revoke } from './draft.ts';
import { expectedEnd, expectedMs } from './expectedEnd.ts';
import type { Hold } from './holds.ts';
import { currentOrNext } from './reservationWindow.ts';

/** Devices that are kept for a reservation, besides those that its team holds. */
export interface KeptDevices {
  reservation: Reservation;
  from: number;
  to: number;
  deviceIds: string[];
  /** What its team holds already of what it is to have. */
  ownIds: string[];
}

/**
 * Which devices each reservation keeps, for its open window or the next one: idle ones first, then
 * those that will be given back in time. Windows that do not overlap may keep the same devices; of
 * those that do, each has its own, and what its team holds counts for one of them.
 */
export function keptDevices(state: PoolState, now: number): KeptDevices[] {
  const kept: KeptDevices[] = [];
  const windows = state.teams.reservations
    .map((reservation) => ({ reservation, window: currentOrNext(reservation.window, now) }))
    .filter(({ window }) => window !== null)
    .map(({ reservation, window }) => ({ reservation, ...window! }))
    .sort(
      (a, b) =>
        a.from - b.from || (a.reservation.reservationId < b.reservation.reservationId ? -1 : 1),
    );
  const holders = windows.length > 0 ? leasesByDevice(state) : new Map<string, HeldLease[]>();
  for (const one of windows) {
    const taken = new Set(
      kept
        .filter(({ from, to }) => from < one.to && one.from < to)
        .flatMap((other) => [...other.deviceIds, ...other.ownIds]),
    );
    const { reservation, from } = one;
    const suitable = suitableDevices(state, reservation);
    const isOwn = ({ request }: HeldLease) => isWithinTeam(request.team, reservation.team);
    const heldBy = (deviceId: string) => holders.get(deviceId) ?? [];
    const own = suitable.filter(({ deviceId }) => {
      const leases = heldBy(deviceId);
      return leases.length > 0 && leases.every(isOwn) && !taken.has(deviceId);
    });
    const others = suitable
      .filter((device) => !own.includes(device) && !taken.has(device.deviceId))
      .map(({ deviceId }) => ({ deviceId, rank: rankOf(heldBy(deviceId), from, now) }))
      .sort((a, b) => a.rank - b.rank || (a.deviceId < b.deviceId ? -1 : 1));
    const missing = Math.max(0, reservation.devices - own.length);
    kept.push({
      ...one,
      deviceIds: others.slice(0, missing).map(({ deviceId }) => deviceId),
      ownIds: own.slice(0, reservation.devices).map(({ deviceId }) => deviceId),
    });
  }
  return kept;
}

function suitableDevices(state: PoolState, { models }: Reservation): DeviceState[] {
  return Object.values(state.devices).filter((device) => {
    const host = state.hosts[device.hostId];
    if (!host || host.lapsed || host.draining) return false;
    return !device.missing && !device.draining && !device.mig && modelMatches(device.model, models);
  });
}

/** 0 idle, 1 being emptied for a reservation, 2 free in time, 3 not. */
function rankOf(holders: readonly HeldLease[], from: number, now: number): number {
  if (holders.length === 0) return 0;
  if (holders.some(({ revoking }) => revoking?.reason === 'reserved')) return 1;
  const givesWay = (lease: HeldLease) =>
    lease.request.preemptible || expectedEnd(lease, now) <= from;
  return holders.every(givesWay) ? 2 : 3;
}

function leasesByDevice(state: PoolState): Map<string, HeldLease[]> {
  const byDevice = new Map<string, HeldLease[]>();
  for (const lease of Object.values(state.leases)) {
    for (const { deviceId } of lease.devices) {
      const leases = byDevice.get(deviceId);
      if (leases) leases.push(lease);
      else byDevice.set(deviceId, [lease]);
    }
  }
  return byDevice;
}

/**
 * Holders of devices whose window has begun are revoked with notice, unless they are not preemptible
 * and keep to a duration that they had stated: the reservation came after their grant.
 */
export function emptyReserved(draft: Draft): void {
  for (const { reservation, from, to, deviceIds } of keptDevices(draft.state, draft.now)) {
    if (from > draft.now) continue;
    const ids = new Set(deviceIds);
    const { reservationId, team } = reservation;
    const until = new Date(to).toISOString();
    const message = `reservation ${reservationId} of team ${team} has begun, until ${until}`;
    for (const lease of Object.values(draft.state.leases)) {
      const { leaseId, devices, request } = lease;
      if (isWithinTeam(request.team, team)) continue;
      const statedEnd = lease.grantedAt + expectedMs(request);
      if (!request.preemptible && statedEnd !== Infinity && statedEnd > draft.now) continue;
      if (!devices.some(({ deviceId }) => ids.has(deviceId))) continue;
      revoke(draft, leaseId, { reason: 'reserved', message, requeue: request.restartable });
    }
  }
}

/** Before a window, requests that nobody knows the end of are kept off its devices for so long. */
const noticeMs = 3_600_000;

/**
 * During a window its devices are its team's. Before, others get them if they are expected to end in
 * time, or may be revoked, or do not say how long they take and the window is not near: a reservation
 * next week must not keep devices idle today.
 */
export function reservationHolds(state: PoolState, now: number): Hold[] {
  return keptDevices(state, now)
    .filter(({ deviceIds }) => deviceIds.length > 0)
    .map(({ reservation, from, to, deviceIds }) => ({
      devices: new Set(deviceIds),
      keptFor: { reservationId: reservation.reservationId, to },
      closedTo: ({ request }, endsAt) => {
        if (isWithinTeam(request.team, reservation.team)) return false;
        if (from <= now) return true;
        if (request.preemptible || endsAt <= from) return false;
        return Number.isFinite(endsAt) || from - now <= noticeMs;
      },
    }));
}
