import type { WaitReason } from '../../contracts/pool/description.ts';
import type { PlacementDevice } from '../placement/placementIndex.ts';
import type { Task } from '../placement/task.ts';
import { hostReasons } from './hostReasons.ts';
import type { Suited } from './shortageReasons.ts';

type Lack = 'milli' | 'memory' | 'shares' | 'trust' | 'host';

/**
 * What a fraction is short of. A device that lacks one thing only tells most; where all lack several
 * things, they are simply busy.
 */
export function fractionReasons(
  team: string,
  task: Task,
  usable: readonly Suited[],
  heldBy: { team: string; devices: number }[],
): WaitReason[] {
  const judged = usable.map((one) => ({ one, lacks: lacksOf(task, one) }));
  const onlyLacking = (lack: Lack) =>
    judged.filter(({ lacks }) => lacks.length === 1 && lacks[0] === lack).map(({ one }) => one);
  const reasons: WaitReason[] = [];
  const trust = onlyLacking('trust');
  if (trust.length > 0) {
    const domains = [...new Set(trust.map(({ device }) => device.domain ?? ''))].sort();
    reasons.push({ token: 'trust', team, domains });
  }
  const [full] = onlyLacking('shares');
  if (full) {
    const { maxShares, deviceId } = full.device;
    reasons.push({ token: 'shares-full', maxShares, deviceId });
  }
  const small = onlyLacking('memory');
  if (small.length > 0) {
    const largestFreeMib = Math.max(...small.map(({ device }) => device.freeMemoryMib));
    reasons.push({ token: 'memory', wantedMib: task.memoryMib, largestFreeMib });
  }
  const onFullHosts = onlyLacking('host');
  if (onFullHosts.length > 0) {
    reasons.push(
      ...hostReasons(
        task,
        onFullHosts.map(({ node }) => node),
      ),
    );
  }
  return [...reasons, ...tooLittle(task, usable, judged, heldBy)];
}

function lacksOf(task: Task, { node, device }: Suited): Lack[] {
  const lacks: Lack[] = [];
  if (device.freeMilli < task.milli) lacks.push('milli');
  if (device.freeMemoryMib < task.memoryMib) lacks.push('memory');
  if (device.shares >= device.maxShares) lacks.push('shares');
  if (device.domain !== null && device.domain !== task.domain) lacks.push('trust');
  if (node.cpuFreeMilli < task.cpuMilli || node.memoryFreeMib < task.hostMemoryMib) {
    lacks.push('host');
  }
  return lacks;
}

/** Enough compute is free in pieces that are too small, or there is not enough of it. */
function tooLittle(
  task: Task,
  usable: readonly Suited[],
  judged: readonly { lacks: Lack[] }[],
  heldBy: { team: string; devices: number }[],
): WaitReason[] {
  if (!judged.some(({ lacks }) => lacks.length > 1 || lacks[0] === 'milli')) return [];
  const devices = usable.map(({ device }) => device);
  const freeMilli = devices.reduce((sum, device) => sum + device.freeMilli, 0);
  const freeDevices = devices.filter(({ shares }) => shares === 0).length;
  if (freeMilli < task.milli) return [{ token: 'busy', freeDevices, wanted: 1, heldBy }];
  const best = usable.reduce((most, one) => (isBetter(one.device, most.device) ? one : most));
  const { node, device } = best;
  const { freeMilli: milli, freeMemoryMib: memoryMib } = device;
  return [
    {
      token: 'fragmented',
      freeMilli,
      freeDevices,
      wanted: 1,
      best: { hostId: node.hostId, devices: 1, milli, memoryMib },
    },
  ];
}

const isBetter = (a: PlacementDevice, b: PlacementDevice): boolean =>
  a.freeMilli > b.freeMilli || (a.freeMilli === b.freeMilli && a.freeMemoryMib > b.freeMemoryMib);
