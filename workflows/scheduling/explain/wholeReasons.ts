import type { WaitReason } from '../../contracts/pool/description.ts';
import { wholeMilli } from '../placement/deviceFits.ts';
import type { IndexNode, PlacementDevice } from '../placement/placementIndex.ts';
import type { Task } from '../placement/task.ts';
import { chooseDevices } from '../topology/chooseGang.ts';
import { hostReasons } from './hostReasons.ts';
import type { Suited } from './shortageReasons.ts';
import { largestGroup } from './whyImpossible.ts';

interface Host {
  node: IndexNode;
  own: PlacementDevice[];
}

/** What whole devices are short of, the first that is: size, number, number on one host, links, host. */
export function wholeReasons(
  task: Task,
  usable: readonly Suited[],
  heldBy: { team: string; devices: number }[],
): WaitReason[] {
  const idle = usable.filter(({ device }) => device.shares === 0 && device.freeMilli >= wholeMilli);
  const large = idle.filter(({ device }) => device.memoryMib >= task.memoryMib);
  const wanted = task.devices;
  if (large.length < wanted) {
    const busy: WaitReason = { token: 'busy', freeDevices: large.length, wanted, heldBy };
    if (idle.length < wanted) return [busy];
    const largestFreeMib = Math.max(...idle.map(({ device }) => device.memoryMib));
    return [{ token: 'memory', wantedMib: task.memoryMib, largestFreeMib }, busy];
  }
  const hosts = byHost(large);
  const enough = hosts.filter(({ own }) => own.length >= wanted);
  if (enough.length === 0) return [scattered(task, usable, hosts, large.length)];
  const roomy = enough.filter(
    ({ node }) => node.cpuFreeMilli >= task.cpuMilli && node.memoryFreeMib >= task.hostMemoryMib,
  );
  if (roomy.length === 0) {
    return hostReasons(
      task,
      enough.map(({ node }) => node),
    );
  }
  return [linksReason(task, roomy)];
}

function byHost(devices: readonly Suited[]): Host[] {
  return [...new Set(devices.map(({ node }) => node))].map((node) => ({
    node,
    own: devices.filter((one) => one.node === node).map(({ device }) => device),
  }));
}

/** Enough on all hosts together, on none alone. */
function scattered(
  task: Task,
  usable: readonly Suited[],
  hosts: readonly Host[],
  freeDevices: number,
): WaitReason {
  const best = hosts.reduce((most, host) => (host.own.length > most.own.length ? host : most));
  return {
    token: 'fragmented',
    freeMilli: usable.reduce((sum, { device }) => sum + device.freeMilli, 0),
    freeDevices,
    wanted: task.devices,
    best: {
      hostId: best.node.hostId,
      devices: best.own.length,
      milli: best.own.length * wholeMilli,
      memoryMib: Math.min(...best.own.map(({ memoryMib }) => memoryMib)),
    },
  };
}

function linksReason(task: Task, hosts: readonly Host[]): WaitReason {
  const link = task.link ?? 'SYS';
  const best = hosts
    .map(({ own }) => chooseDevices(own, task.devices, null)?.worstLink)
    .find((worst) => worst !== undefined && worst !== null);
  return {
    token: 'links',
    wanted: link,
    best: best ?? null,
    largestGroup: Math.max(...hosts.map(({ own }) => largestGroup(own, link))),
  };
}
