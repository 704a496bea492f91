import { type Ledger, take } from '../fairness/ledger.ts';
import { limitReached } from '../fairness/limits.ts';
import { noResources } from '../fairness/resourceVector.ts';
import { bySubmission } from '../order.ts';
import { trustDomainOf } from '../placement/trustDomain.ts';
import type { Placement, PoolState, WaitingRequest } from '../state.ts';
import type { Draft } from './draft.ts';
import { grant } from './grant.ts';

/**
 * Grants what was promised once all of it is free, and takes promises back that can no longer be
 * kept: the device is gone, or others than the victims have come in between.
 */
export function keepPromises(draft: Draft, ledger: Ledger): void {
  const promised = Object.values(draft.state.waiting)
    .filter((waiting) => waiting.promised)
    .sort(bySubmission);
  for (const waiting of promised) {
    const { state } = draft;
    const place = waiting.promised!;
    const { team, requestId } = waiting.request;
    const isWithinLimits = !limitReached(state.teams, ledger.bound, team, noResources);
    if (!isPresent(state, place)) takeBack(draft, ledger, waiting);
    else if (isWithinLimits && isFree(state, waiting, place)) {
      grant(draft, waiting, place);
    } else if (!isBeingEmptied(state, waiting, place)) takeBack(draft, ledger, waiting);
    else {
      const victims = waiting.victims.filter((leaseId) => isOccupying(state, place, leaseId));
      if (victims.length < waiting.victims.length) {
        draft.state.waiting[requestId] = { ...waiting, victims };
      }
    }
  }
}

function takeBack(draft: Draft, ledger: Ledger, waiting: WaitingRequest): void {
  take(ledger, waiting.request.team, waiting.promised!, -1);
  draft.state.waiting[waiting.request.requestId] = { ...waiting, promised: null, victims: [] };
}

function isPresent(state: PoolState, { devices }: Placement): boolean {
  return devices.every(({ deviceId }) => {
    const device = state.devices[deviceId];
    const host = device && state.hosts[device.hostId];
    if (!device || !host) return false;
    return !device.draining && !device.missing && !host.lapsed && !host.draining;
  });
}

function isFree(state: PoolState, { request }: WaitingRequest, place: Placement): boolean {
  const domain = trustDomainOf(state.teams, request.team);
  const leases = Object.values(state.leases);
  const fitsDevices = place.devices.every(({ deviceId, milli, memoryMib }) => {
    const device = state.devices[deviceId]!;
    let [freeMilli, freeMib, shares] = [1000, device.memoryMib, device.maxShares];
    let isJoined = false;
    for (const lease of leases) {
      const held = lease.devices.find((one) => one.deviceId === deviceId);
      if (!held) continue;
      if (trustDomainOf(state.teams, lease.request.team) !== domain) return false;
      isJoined = true;
      freeMilli -= held.milli;
      freeMib -= held.memoryMib;
      shares -= 1;
    }
    // Whose an ended share was is known only by who is still there: nobody else may join it.
    if (device.clearing.length > 0 && !isJoined) return false;
    for (const share of device.clearing) {
      freeMilli -= share.milli;
      freeMib -= share.memoryMib;
      shares -= 1;
    }
    return freeMilli >= milli && freeMib >= memoryMib && shares >= 1;
  });
  return fitsDevices && place.hosts.every((part) => fitsHost(state, part));
}

function fitsHost(state: PoolState, wanted: Placement['hosts'][number]): boolean {
  const host = state.hosts[wanted.hostId];
  if (!host) return false;
  let [cpu, memory] = [host.cpuMilli, host.memoryMib];
  for (const lease of Object.values(state.leases)) {
    for (const part of lease.hosts) {
      if (part.hostId !== wanted.hostId) continue;
      cpu -= part.cpuMilli;
      memory -= part.memoryMib;
    }
  }
  return (
    (wanted.cpuMilli === 0 || cpu >= wanted.cpuMilli) &&
    (wanted.memoryMib === 0 || memory >= wanted.memoryMib)
  );
}

/** Whether somebody with notice, or clearing, is left on its devices and hosts. */
function isBeingEmptied(state: PoolState, { victims }: WaitingRequest, place: Placement): boolean {
  const ids = new Set(place.devices.map(({ deviceId }) => deviceId));
  return (
    victims.some((leaseId) => state.leases[leaseId] !== undefined) ||
    place.devices.some(({ deviceId }) => (state.devices[deviceId]?.clearing.length ?? 0) > 0) ||
    Object.values(state.leases).some(
      ({ revoking, devices }) => revoking && devices.some(({ deviceId }) => ids.has(deviceId)),
    )
  );
}

function isOccupying(state: PoolState, { devices }: Placement, leaseId: string): boolean {
  return (
    state.leases[leaseId] !== undefined ||
    devices.some(({ deviceId }) =>
      state.devices[deviceId]?.clearing.some((share) => share.leaseId === leaseId),
    )
  );
}
