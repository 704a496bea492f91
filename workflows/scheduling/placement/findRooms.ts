import { deviceFits, deviceSuits } from './deviceFits.ts';
import type { IndexNode, PlacementDevice, PlacementIndex } from './placementIndex.ts';
import type { MovableLease } from './planMoves.ts';
import type { Task } from './task.ts';

/** A host that the task fits on once these leases are gone; the largest first. */
export interface Room {
  hostId: string;
  leases: MovableLease[];
}

/** Hosts that up to `maxMoves` departures would make room on: the fewest first, then the smallest. */
export function findRooms(
  index: PlacementIndex,
  task: Task,
  movable: readonly MovableLease[],
  maxMoves: number,
  exclude?: (deviceId: string) => boolean,
): Room[] {
  const byDevice = group(movable, ({ placement }) =>
    placement.devices.map(({ deviceId }) => deviceId),
  );
  const byHost = group(movable, ({ placement }) => placement.hosts.map(({ hostId }) => hostId));
  const found: (Room & { milli: number })[] = [];
  for (const node of index.nodes) {
    const present = byHost.get(node.hostId);
    if (!present || (task.hosts.length > 0 && !task.hosts.includes(node.hostId))) continue;
    if (node.cpuCapMilli < task.cpuMilli || node.memoryCapMib < task.hostMemoryMib) continue;
    const leaving = emptyDevices(node, task, byDevice, maxMoves, exclude);
    if (!leaving || !relieveHost(node, task, present, leaving, maxMoves)) continue;
    if (leaving.size === 0) continue;
    const leases = [...leaving].sort((a, b) => milliOf(b) - milliOf(a) || byId(a, b));
    const milli = leases.reduce((sum, lease) => sum + milliOf(lease), 0);
    found.push({ hostId: node.hostId, leases, milli });
  }
  return found.sort((a, b) => a.leases.length - b.leases.length || a.milli - b.milli);
}

/** Leases to move so that enough devices fit the task: the cheapest devices; undefined for too many. */
function emptyDevices(
  node: IndexNode,
  task: Task,
  byDevice: ReadonlyMap<string, MovableLease[]>,
  maxMoves: number,
  exclude?: (deviceId: string) => boolean,
): Set<MovableLease> | undefined {
  const leaving = new Set<MovableLease>();
  if (task.devices === 0) return leaving;
  const offers: MovableLease[][] = [];
  for (const device of node.devices) {
    if (!device.available || exclude?.(device.deviceId) || !deviceSuits(device, task)) continue;
    const offer = emptied(device, task, byDevice.get(device.deviceId) ?? []);
    if (offer && offer.length <= maxMoves) offers.push(offer);
  }
  if (offers.length < task.devices) return undefined;
  offers.sort((a, b) => a.length - b.length || load(a) - load(b));
  for (const offer of offers.slice(0, task.devices)) {
    for (const lease of offer) leaving.add(lease);
    if (leaving.size > maxMoves) return undefined;
  }
  return leaving;
}

/** Leases to take from the device so that it fits the task; undefined where that is not enough. */
function emptied(
  device: PlacementDevice,
  task: Task,
  present: readonly MovableLease[],
): MovableLease[] | undefined {
  if (deviceFits(device, task)) return [];
  const all = present.length === device.shares;
  if (task.whole) return all && device.memoryMib >= task.memoryMib ? [...present] : undefined;
  if (device.maxShares < 2) return undefined;
  if (device.domain !== null && device.domain !== task.domain) {
    return all && device.memoryMib >= task.memoryMib ? [...present] : undefined;
  }
  const ascending = [...present].sort((a, b) => milliOf(a) - milliOf(b) || byId(a, b));
  const single = ascending.find((lease) => fitsWithout(device, task, [lease]));
  if (single) return [single];
  const leaving: MovableLease[] = [];
  for (const lease of ascending.reverse()) {
    leaving.push(lease);
    if (fitsWithout(device, task, leaving)) return leaving;
  }
  return undefined;
}

function fitsWithout(
  device: PlacementDevice,
  task: Task,
  leaving: readonly MovableLease[],
): boolean {
  let { freeMilli, freeMemoryMib } = device;
  for (const { placement } of leaving) {
    for (const share of placement.devices) {
      if (share.deviceId !== device.deviceId) continue;
      freeMilli += share.milli;
      freeMemoryMib += share.memoryMib;
    }
  }
  return freeMilli >= task.milli && freeMemoryMib >= task.memoryMib;
}

/** Adds leases until the host has the CPU and memory; false when `maxMoves` do not do. */
function relieveHost(
  node: IndexNode,
  task: Task,
  present: readonly MovableLease[],
  leaving: Set<MovableLease>,
  maxMoves: number,
): boolean {
  const part = (lease: MovableLease) =>
    lease.placement.hosts.find(({ hostId }) => hostId === node.hostId)!;
  let cpu = node.cpuFreeMilli - task.cpuMilli;
  let memory = node.memoryFreeMib - task.hostMemoryMib;
  const leave = (lease: MovableLease): void => {
    cpu += part(lease).cpuMilli;
    memory += part(lease).memoryMib;
  };
  for (const lease of leaving) leave(lease);
  if (cpu >= 0 && memory >= 0) return true;
  const rest = present
    .filter((lease) => !leaving.has(lease))
    .sort((a, b) => part(b).cpuMilli - part(a).cpuMilli || byId(a, b));
  for (const lease of rest) {
    if (leaving.size >= maxMoves) return false;
    leaving.add(lease);
    leave(lease);
    if (cpu >= 0 && memory >= 0) return true;
  }
  return false;
}

function group(
  movable: readonly MovableLease[],
  keysOf: (lease: MovableLease) => string[],
): Map<string, MovableLease[]> {
  const groups = new Map<string, MovableLease[]>();
  for (const lease of movable) {
    for (const key of keysOf(lease)) {
      const members = groups.get(key);
      if (members) members.push(lease);
      else groups.set(key, [lease]);
    }
  }
  return groups;
}

const load = (leases: readonly MovableLease[]): number =>
  leases.reduce((sum, lease) => sum + milliOf(lease), 0);

const milliOf = ({ placement }: MovableLease): number =>
  placement.devices.reduce((sum, { milli }) => sum + milli, 0);

const byId = (a: MovableLease, b: MovableLease): number => (a.leaseId < b.leaseId ? -1 : 1);
