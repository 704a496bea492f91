import type { Resources } from '../../contracts/pool/requests.ts';
import type { Placement } from '../state.ts';
import { chooseOnNode, type NodeChoice } from './chooseOnNode.ts';
import { wholeMilli } from './deviceFits.ts';
import type { IndexNode, PlacementDevice, PlacementIndex } from './placementIndex.ts';
import { type Task, taskOf } from './task.ts';

export interface PlaceOptions {
  /** Devices that are not to be touched now. */
  exclude?: (deviceId: string) => boolean;
  /** Trust domain of the request; fractions share a device only within one. */
  domain?: string;
}

/**
 * The best place for a request that fits now, or undefined. Takes nothing: `occupy` does. All devices
 * are on one host.
 */
export function place(
  index: PlacementIndex,
  resources: Resources,
  options: PlaceOptions = {},
): Placement | undefined {
  const task = taskOf(resources, options.domain);
  let best: { node: IndexNode; choice: NodeChoice } | undefined;
  for (const node of index.nodes) {
    const choice = chooseOnNode(index, node, task, options.exclude);
    if (choice && (!best || choice.score > best.choice.score)) best = { node, choice };
  }
  return best && toPlacement(best.node, task, best.choice);
}

function toPlacement(node: IndexNode, task: Task, choice: NodeChoice): Placement {
  const { hostId, devices } = node;
  return {
    devices: choice.chosen.map((at) => share(devices[at]!, task)),
    hosts: [{ hostId, cpuMilli: task.cpuMilli, memoryMib: task.hostMemoryMib }],
    worstLink: choice.worstLink,
    score: choice.score,
  };
}

function share(device: PlacementDevice, task: Task): Placement['devices'][number] {
  const { deviceId } = device;
  return task.whole
    ? { deviceId, milli: wholeMilli, memoryMib: device.memoryMib }
    : { deviceId, milli: task.milli, memoryMib: task.memoryMib };
}

/** Takes a placement's capacity; devices and hosts that the index does not know change nothing. */
export function occupy(index: PlacementIndex, placement: Placement, domain = ''): void {
  for (const { deviceId, milli, memoryMib } of placement.devices) {
    const device = findDevice(index, placement, deviceId);
    if (!device) continue;
    device.freeMilli -= milli;
    device.freeMemoryMib -= memoryMib;
    device.shares += 1;
    device.domain ??= domain;
  }
  for (const { hostId, cpuMilli, memoryMib } of placement.hosts) {
    const node = index.byHost.get(hostId);
    if (!node) continue;
    node.cpuFreeMilli -= cpuMilli;
    node.memoryFreeMib -= memoryMib;
  }
}

/** Gives back what `occupy` took. */
export function vacate(index: PlacementIndex, placement: Placement): void {
  for (const { deviceId, milli, memoryMib } of placement.devices) {
    const device = findDevice(index, placement, deviceId);
    if (!device) continue;
    device.freeMilli += milli;
    device.freeMemoryMib += memoryMib;
    device.shares -= 1;
    if (device.shares === 0) device.domain = null;
  }
  for (const { hostId, cpuMilli, memoryMib } of placement.hosts) {
    const node = index.byHost.get(hostId);
    if (!node) continue;
    node.cpuFreeMilli += cpuMilli;
    node.memoryFreeMib += memoryMib;
  }
}

function findDevice(
  index: PlacementIndex,
  placement: Placement,
  deviceId: string,
): PlacementDevice | undefined {
  for (const { hostId } of placement.hosts) {
    const found = index.byHost.get(hostId)?.devices.find((device) => device.deviceId === deviceId);
    if (found) return found;
  }
  return undefined;
}
