import type { PoolConfig } from '../../contracts/pool/messages.ts';
import type { DeviceState, PoolState, WaitingRequest } from '../state.ts';
import {
  createPlacementIndex,
  type PlacementDevice,
  type PlacementIndex,
  type PlacementNode,
} from './placementIndex.ts';
import type { SppParameters } from './policies/sppParameters.ts';
import { trustDomainOf } from './trustDomain.ts';

/** Shares the device with nobody: who held it is over, and not known to be gone. */
const nobody = 'clearing';

/**
 * The pool's free capacity. What is held, not yet cleared, or promised is taken; draining, lapsed and
 * missing devices are unavailable. A promise covers what its victims still hold, so both count once.
 */
export function buildIndex(state: PoolState, _now: number): PlacementIndex {
  const devices = new Map<string, PlacementDevice>();
  const nodes = new Map<string, PlacementNode>();
  for (const hostId of Object.keys(state.hosts).sort()) {
    const { cpuMilli, memoryMib } = state.hosts[hostId]!;
    nodes.set(hostId, {
      hostId,
      cpuCapMilli: cpuMilli,
      cpuFreeMilli: cpuMilli,
      memoryCapMib: memoryMib,
      memoryFreeMib: memoryMib,
      devices: [],
    });
  }
  for (const deviceId of Object.keys(state.devices).sort()) {
    const device = state.devices[deviceId]!;
    const node = nodes.get(device.hostId);
    if (!node) continue;
    const entry = freeDevice(state, device);
    node.devices.push(entry);
    devices.set(deviceId, entry);
  }
  takeHeld(state, devices, nodes);
  takeClearing(state, devices);
  for (const waiting of Object.values(state.waiting)) {
    takePromise(state, waiting, devices, nodes);
  }
  return createPlacementIndex([...nodes.values()], {
    policy: 'spp-k',
    typical: state.typical,
    parameters: packing(state.config),
  });
}

/** What the pool is configured to weigh by. */
function packing(config: PoolConfig): Partial<SppParameters> {
  return {
    cpuWeight: config.packCpuPercent / 100,
    fragmentationWeight: config.packFragmentPercent / 100,
    slotWeight: config.packSlotPercent / 100,
    contentionWeight: config.packContentionPercent / 100,
    priceFromMilli: config.packPriceFromMilli,
  };
}

function freeDevice(state: PoolState, device: DeviceState): PlacementDevice {
  const { deviceId, model, kind, memoryMib, maxShares, mig, links, fabric } = device;
  const host = state.hosts[device.hostId]!;
  const available = !device.draining && !device.missing && !host.lapsed && !host.draining;
  return {
    ...{ deviceId, model, kind, memoryMib, maxShares, mig, links, fabric },
    freeMilli: 1000,
    freeMemoryMib: memoryMib,
    shares: 0,
    domain: null,
    available,
  };
}

function takeHeld(
  state: PoolState,
  devices: Map<string, PlacementDevice>,
  nodes: Map<string, PlacementNode>,
): void {
  for (const lease of Object.values(state.leases)) {
    const domain = trustDomainOf(state.teams, lease.request.team);
    for (const { deviceId, milli, memoryMib } of lease.devices) {
      const device = devices.get(deviceId);
      if (device) take(device, milli, memoryMib, domain);
    }
    for (const { hostId, cpuMilli, memoryMib } of lease.hosts) {
      const node = nodes.get(hostId);
      if (node) takeHost(node, cpuMilli, memoryMib);
    }
    const { revoking, request } = lease;
    if (!revoking?.movedTo) continue;
    takePromise(state, { promised: revoking.movedTo, victims: [], request }, devices, nodes);
  }
}

function takeClearing(state: PoolState, devices: Map<string, PlacementDevice>): void {
  for (const [deviceId, device] of devices) {
    for (const { milli, memoryMib } of state.devices[deviceId]!.clearing) {
      take(device, milli, memoryMib, device.domain ?? nobody);
    }
  }
}

function takePromise(
  state: PoolState,
  { promised, victims, request }: Pick<WaitingRequest, 'promised' | 'victims' | 'request'>,
  devices: Map<string, PlacementDevice>,
  nodes: Map<string, PlacementNode>,
): void {
  if (!promised) return;
  const domain = trustDomainOf(state.teams, request.team);
  for (const { deviceId, milli, memoryMib } of promised.devices) {
    const device = devices.get(deviceId);
    if (!device) continue;
    const covered = heldByVictims(state, deviceId, victims);
    take(device, above(milli, covered.milli), above(memoryMib, covered.memoryMib), domain);
  }
  for (const { hostId, cpuMilli, memoryMib } of promised.hosts) {
    const node = nodes.get(hostId);
    if (!node) continue;
    const held = victims
      .flatMap((leaseId) => state.leases[leaseId]?.hosts ?? [])
      .filter((part) => part.hostId === hostId);
    const cpu = held.reduce((sum, part) => sum + part.cpuMilli, 0);
    const memory = held.reduce((sum, part) => sum + part.memoryMib, 0);
    takeHost(node, above(cpuMilli, cpu), above(memoryMib, memory));
  }
}

function heldByVictims(state: PoolState, deviceId: string, victims: readonly string[]) {
  const held = victims
    .flatMap((leaseId) => state.leases[leaseId]?.devices ?? [])
    .filter((part) => part.deviceId === deviceId);
  const clearing = state.devices[deviceId]!.clearing.filter(({ leaseId }) =>
    victims.includes(leaseId),
  );
  const parts = [...held, ...clearing];
  return {
    milli: parts.reduce((sum, part) => sum + part.milli, 0),
    memoryMib: parts.reduce((sum, part) => sum + part.memoryMib, 0),
  };
}

function take(device: PlacementDevice, milli: number, memoryMib: number, domain: string): void {
  device.freeMilli = above(device.freeMilli, milli);
  device.freeMemoryMib = above(device.freeMemoryMib, memoryMib);
  device.shares += 1;
  // Two domains at once come only from a promise on a device that its victims still hold.
  device.domain = device.domain === null || device.domain === domain ? domain : nobody;
}

function takeHost(node: PlacementNode, cpuMilli: number, memoryMib: number): void {
  node.cpuFreeMilli = above(node.cpuFreeMilli, cpuMilli);
  node.memoryFreeMib = above(node.memoryFreeMib, memoryMib);
}

const above = (value: number, subtracted: number): number => Math.max(0, value - subtracted);
