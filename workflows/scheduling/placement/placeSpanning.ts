import type { LinkType } from '../../contracts/pool/devices.ts';
import type { Placement } from '../state.ts';
import { chooseDevices } from '../topology/chooseGang.ts';
import { linkRank } from '../topology/linkRank.ts';
import { deviceFits, shareOf } from './deviceFits.ts';
import type { IndexNode, PlacementDevice, PlacementIndex } from './placementIndex.ts';
import type { Task } from './task.ts';

/** A host of an NVLink domain, with as many fitting devices as its CPU and memory can serve. */
interface Member {
  node: IndexNode;
  devices: PlacementDevice[];
}

/**
 * A gang over several hosts of one NVLink domain: the best worst link first, then the fewest hosts,
 * then the domain that has least left. Each host gives CPU and memory in proportion to its devices.
 */
export function placeSpanning(
  index: PlacementIndex,
  task: Task,
  exclude?: (deviceId: string) => boolean,
): Placement | undefined {
  if (!task.spanHosts || task.devices < 2 || !task.whole) return undefined;
  const domains = [...membersByDomain(index, task, exclude)]
    .map(([name, members]) => ({ name, members, size: count(members) }))
    .sort((a, b) => a.size - b.size || (a.name < b.name ? -1 : 1));
  let best: Placement | undefined;
  for (const { members } of domains) {
    const found = gangOf(fewestHosts(members, task.devices), task);
    if (found && (!best || order(found, best) < 0)) best = found;
  }
  return best;
}

const count = (members: readonly Member[]): number =>
  members.reduce((sum, { devices }) => sum + devices.length, 0);

export const linkRankOf = ({ worstLink }: Placement): number =>
  linkRank((worstLink ?? undefined) as LinkType | undefined);

const order = (a: Placement, b: Placement): number =>
  linkRankOf(b) - linkRankOf(a) || a.hosts.length - b.hosts.length;

function membersByDomain(
  { nodes }: PlacementIndex,
  task: Task,
  exclude?: (deviceId: string) => boolean,
): Map<string, Member[]> {
  const domains = new Map<string, Member[]>();
  for (const node of nodes) {
    if (task.hosts.length > 0 && !task.hosts.includes(node.hostId)) continue;
    const byName = new Map<string, PlacementDevice[]>();
    for (const device of node.devices) {
      if (!device.fabric || !deviceFits(device, task) || exclude?.(device.deviceId)) continue;
      const name = `${device.fabric.clusterUuid}/${device.fabric.cliqueId}`;
      byName.set(name, [...(byName.get(name) ?? []), device]);
    }
    for (const [name, fitting] of byName) {
      const devices = fitting.slice(0, served(node, task, fitting.length));
      if (devices.length === 0) continue;
      domains.set(name, [...(domains.get(name) ?? []), { node, devices }]);
    }
  }
  return domains;
}

/** How many of the gang's devices the host has CPU and memory for. */
function served(node: IndexNode, task: Task, most: number): number {
  let number = Math.min(most, task.devices);
  while (
    number > 0 &&
    (part(task.cpuMilli, number, task) > node.cpuFreeMilli ||
      part(task.hostMemoryMib, number, task) > node.memoryFreeMib)
  ) {
    number--;
  }
  return number;
}

const part = (amount: number, devices: number, task: Task): number =>
  Math.ceil((amount * devices) / task.devices);

/** The largest members until the gang is complete; the last is the smallest that completes it. */
function fewestHosts(members: readonly Member[], wanted: number): Member[] {
  const rest = [...members].sort((a, b) => b.devices.length - a.devices.length);
  const taken: Member[] = [];
  let missing = wanted;
  while (missing > 0 && rest.length > 0) {
    const enough = rest.filter(({ devices }) => devices.length >= missing);
    const next = enough.at(-1) ?? rest[0]!;
    rest.splice(rest.indexOf(next), 1);
    taken.push(next);
    missing -= next.devices.length;
  }
  return missing > 0 ? [] : taken;
}

function gangOf(members: readonly Member[], task: Task): Placement | undefined {
  const gang = chooseDevices(
    members.flatMap(({ devices }) => devices),
    task.devices,
    task.link,
  );
  if (!gang) return undefined;
  const chosen = new Set(gang.deviceIds);
  const parts = members.map(({ node, devices }) => ({
    node,
    devices: devices.filter(({ deviceId }) => chosen.has(deviceId)),
  }));
  const taken = parts.filter(({ devices }) => devices.length > 0);
  return {
    devices: taken.flatMap(({ devices }) => devices.map((device) => shareOf(device, task))),
    hosts: taken.map(({ node, devices }) => ({
      hostId: node.hostId,
      cpuMilli: part(task.cpuMilli, devices.length, task),
      memoryMib: part(task.hostMemoryMib, devices.length, task),
    })),
    worstLink: gang.worstLink,
    score: 0,
  };
}
