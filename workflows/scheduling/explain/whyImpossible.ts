import type { LinkType } from '../../contracts/pool/devices.ts';
import type { LeaseRequest, Resources } from '../../contracts/pool/requests.ts';
import { modelMatches } from '../placement/deviceFits.ts';
import { place } from '../placement/place.ts';
import type { IndexNode, PlacementDevice } from '../placement/placementIndex.ts';
import type { PoolState } from '../state.ts';
import { linkRank, pairRank } from '../topology/linkRank.ts';
import { emptiedIndex } from './emptied.ts';

/**
 * Why the present devices could never satisfy a request, even if all were free: one line; undefined
 * when they could, or when no host has reported yet and nobody can tell.
 */
export function whyImpossible(
  state: PoolState,
  { resources }: Pick<LeaseRequest, 'resources'>,
): string | undefined {
  if (Object.keys(state.hosts).length === 0) return undefined;
  const index = emptiedIndex(state);
  if (place(index, resources) !== undefined) return undefined;
  const pool = `pool ${state.pool}`;
  let left = index.nodes.flatMap((node) =>
    node.devices.filter(({ available }) => available).map((device) => ({ node, device })),
  );
  if (left.length === 0) return `${pool} has no devices at present: berth devices shows why`;
  for (const { wish, holds } of wishes(resources)) {
    const rest = left.filter(holds);
    if (rest.length === 0) {
      return `no device of ${pool} ${wish}: there ${left.length === 1 ? 'is' : 'are'} ${describe(left.map(({ device }) => device))}`;
    }
    left = rest;
  }
  return whyNotTogether(pool, resources, left);
}

interface Candidate {
  node: IndexNode;
  device: PlacementDevice;
}

/** The conditions on a single device, in the order in which a person would check them. */
function wishes(resources: Resources): { wish: string; holds(candidate: Candidate): boolean }[] {
  const { kind, hosts, deviceIds, models, migProfile, milli, memoryMib } = resources;
  return [
    {
      wish: migProfile === null ? 'is a whole GPU' : `is a MIG instance of profile ${migProfile}`,
      holds: ({ device }) => (device.mig?.profile ?? null) === migProfile,
    },
    { wish: `is of kind ${kind}`, holds: ({ device }) => kind === null || device.kind === kind },
    {
      wish: `is on host ${hosts.join(', ')}`,
      holds: ({ node }) => hosts.length === 0 || hosts.includes(node.hostId),
    },
    {
      wish: `has the id ${deviceIds.join(', ')}`,
      holds: ({ device }) => deviceIds.length === 0 || deviceIds.includes(device.deviceId),
    },
    {
      wish: `is of model ${models.map((model) => JSON.stringify(model)).join(' or ')}`,
      holds: ({ device }) => modelMatches(device.model, models),
    },
    {
      wish: 'can be lent in parts',
      holds: ({ device }) => milli >= 1000 || device.maxShares > 1,
    },
    {
      wish: `has ${memoryMib} MiB`,
      holds: ({ device }) => device.memoryMib >= memoryMib,
    },
  ];
}

/** Enough devices suit one by one, but not as one lease. */
function whyNotTogether(pool: string, resources: Resources, left: Candidate[]): string {
  const { devices, link, cpuMilli, hostMemoryMib } = resources;
  const byNode = [...new Set(left.map(({ node }) => node))].map((node) => ({
    node,
    own: left.filter((candidate) => candidate.node === node).map(({ device }) => device),
  }));
  const most = Math.max(...byNode.map(({ own }) => own.length));
  if (most < devices) {
    const all = left.length >= devices ? `, ${left.length} on all hosts together` : '';
    return `${devices} devices are asked for, and no host of ${pool} has more than ${most} that suit${all}: ask for fewer`;
  }
  const large = byNode.filter(({ own }) => own.length >= devices).map(({ node }) => node);
  const cpu = Math.max(...large.map(({ cpuCapMilli }) => cpuCapMilli));
  const memory = Math.max(...large.map(({ memoryCapMib }) => memoryCapMib));
  if (cpu < cpuMilli) {
    return `${cpuMilli} thousandths of a core are asked for, and hosts of ${pool} with such devices have ${cpu} at most: ask for fewer`;
  }
  if (memory < hostMemoryMib) {
    return `${hostMemoryMib} MiB of host memory are asked for, and hosts of ${pool} with such devices have ${memory} at most: ask for less`;
  }
  if (link !== null && devices > 1) {
    const group = Math.max(...byNode.map(({ own }) => largestGroup(own, link)));
    return `${devices} devices linked by ${link} or better are asked for, and the largest such group of ${pool} has ${group}: ask for fewer, or for a lesser link`;
  }
  return `no host of ${pool} has the devices, cores and memory that are asked for together: ask for less`;
}

/** Size of a group of devices that are all linked that well: exact for cliques that are disjoint, else the best greedy one. */
export function largestGroup(devices: readonly PlacementDevice[], link: LinkType): number {
  const minimum = linkRank(link);
  let largest = 0;
  for (const first of devices) {
    const group = [first];
    for (const next of devices) {
      if (next !== first && group.every((member) => pairRank(member, next) >= minimum)) {
        group.push(next);
      }
    }
    largest = Math.max(largest, group.length);
  }
  return largest;
}

function describe(devices: readonly PlacementDevice[]): string {
  const counts = new Map<string, number>();
  for (const { model, mig, memoryMib, maxShares } of devices) {
    const parts = maxShares > 1 ? '' : ', whole only';
    const what = `${model}${mig ? ` ${mig.profile}` : ''} (${memoryMib} MiB${parts})`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  const kinds = [...counts].map(([what, count]) => `${count} ${what}`);
  return kinds.length > 4
    ? `${kinds.slice(0, 4).join(', ')} and ${kinds.length - 4} more kinds`
    : kinds.join(', ');
}
