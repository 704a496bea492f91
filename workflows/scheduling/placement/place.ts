import type { Resources } from '../../contracts/pool/requests.ts';
import type { Placement } from '../state.ts';
import { chooseOnNode, type NodeChoice, rankingOf } from './chooseOnNode.ts';
import { shareOf } from './deviceFits.ts';
import { taskKind } from './nodeView.ts';
import type { IndexNode, PlacementIndex } from './placementIndex.ts';
import { linkRankOf, placeSpanning } from './placeSpanning.ts';
import { type Task, taskOf } from './task.ts';

export interface PlaceOptions {
  /** Devices that are not to be touched now. */
  exclude?: (deviceId: string) => boolean;
  /** Trust domain of the request; fractions share a device only within one. */
  domain?: string;
}

/**
 * The best place for a request that fits now, or undefined. Takes nothing: `occupy` does. All devices
 * are on one host; only a gang with `spanHosts` that fits on none goes over several hosts of one
 * NVLink domain.
 */
export function place(
  index: PlacementIndex,
  resources: Resources,
  { exclude, domain }: PlaceOptions = {},
): Placement | undefined {
  const task = taskOf(resources, domain);
  const node = index.policy.pick ? pickNode(index, task, exclude) : bestNode(index, task, exclude);
  const choice = node && chooseOnNode(index.policy, node, node.view!, task, exclude);
  const found = choice && toPlacement(node, task, choice);
  if (!task.spanHosts) return found;
  const spanning = placeSpanning(index, task, exclude);
  return found && (!spanning || linkRankOf(found) >= linkRankOf(spanning)) ? found : spanning;
}

const infeasible = Number.NEGATIVE_INFINITY;

function bestNode(
  index: PlacementIndex,
  task: Task,
  exclude: PlaceOptions['exclude'],
): IndexNode | undefined {
  const { nodes, memo, policy } = index;
  const { key, cpuMilli, hostMemoryMib, hosts } = task;
  const values = memo.values(key ?? '');
  const { cpuFreeMilli, memoryFreeMib, viewId, used } = memo.columns;
  const preferUsed = policy.usedFirst === true;
  const plain = key !== null && exclude === undefined && hosts.length === 0;
  let best = -1;
  let bestValue = infeasible;
  for (let at = 0; at < nodes.length; at++) {
    if (cpuFreeMilli[at]! < cpuMilli || memoryFreeMib[at]! < hostMemoryMib) continue;
    let value = plain ? values[viewId[at]!]! : Number.NaN;
    if (value < bestValue) continue;
    if (Number.isNaN(value)) value = valueAt(index, at, task, exclude, values);
    const wins =
      value > bestValue || (value === bestValue && preferUsed && used[at]! > (used[best] ?? 1));
    if (!wins) continue;
    best = at;
    bestValue = value;
  }
  return nodes[best];
}

/** Remembered where it depends on nothing but the node's state and the task. */
function valueAt(
  { nodes, policy }: PlacementIndex,
  at: number,
  task: Task,
  exclude: PlaceOptions['exclude'],
  values: Float64Array,
): number {
  const node = nodes[at]!;
  const view = node.view!;
  if (task.hosts.length > 0 && !task.hosts.includes(node.hostId)) return infeasible;
  const remember = task.key !== null && !touches(node, exclude);
  const known = remember ? values[view.id]! : Number.NaN;
  if (!Number.isNaN(known)) return known;
  const choice = chooseOnNode(policy, node, view, task, exclude);
  const value = choice ? rankingOf(choice) : infeasible;
  if (remember) values[view.id] = value;
  return value;
}

function pickNode(
  index: PlacementIndex,
  task: Task,
  exclude: PlaceOptions['exclude'],
): IndexNode | undefined {
  const { nodes, memo, policy } = index;
  const values = memo.values(task.key ?? '');
  const { cpuFreeMilli, memoryFreeMib } = memo.columns;
  const feasible = nodes.filter(
    (_, at) =>
      cpuFreeMilli[at]! >= task.cpuMilli &&
      memoryFreeMib[at]! >= task.hostMemoryMib &&
      valueAt(index, at, task, exclude, values) !== infeasible,
  );
  return feasible.length > 0 ? feasible[policy.pick!(feasible.length)] : undefined;
}

const touches = (node: IndexNode, exclude: PlaceOptions['exclude']): boolean =>
  exclude !== undefined && node.devices.some(({ deviceId }) => exclude(deviceId));

function toPlacement(node: IndexNode, task: Task, choice: NodeChoice): Placement {
  const { hostId, devices } = node;
  return {
    devices: choice.chosen.map((at) => shareOf(devices[at]!, task)),
    hosts: [{ hostId, cpuMilli: task.cpuMilli, memoryMib: task.hostMemoryMib }],
    worstLink: choice.worstLink,
    score: choice.score,
  };
}

/** Takes a placement's capacity; devices and hosts that the index does not know change nothing. */
export function occupy(index: PlacementIndex, placement: Placement, domain = ''): void {
  change(index, placement, 1, domain);
}

/** Gives back what `occupy` took. */
export function vacate(index: PlacementIndex, placement: Placement): void {
  change(index, placement, -1, '');
}

function change(
  index: PlacementIndex,
  { devices, hosts }: Placement,
  sign: 1 | -1,
  domain: string,
): void {
  for (const { deviceId, milli, memoryMib } of devices) {
    const found = index.byDevice.get(deviceId);
    if (!found) continue;
    const { device } = found;
    device.freeMilli -= sign * milli;
    device.freeMemoryMib -= sign * memoryMib;
    device.shares += sign;
    if (device.shares === 0) device.domain = null;
    else if (sign === 1) device.domain ??= domain;
    index.memo.touch(found.node);
  }
  const kind = taskKind(devices.length, devices[0]?.milli ?? 0);
  for (const { hostId, cpuMilli, memoryMib } of hosts) {
    const node = index.byHost.get(hostId);
    if (!node) continue;
    node.cpuFreeMilli -= sign * cpuMilli;
    node.memoryFreeMib -= sign * memoryMib;
    if (kind > 0) node.kinds.set(kind, (node.kinds.get(kind) ?? 0) + sign);
    index.memo.touch(node);
  }
}
