import type { NodeShape } from './nodeShape.ts';
import type { IndexNode } from './placementIndex.ts';

/**
 * What a policy sees of a node: a snapshot that never changes, shared by all nodes that look alike,
 * so that its scores are computed once.
 */
export interface NodeView {
  id: number;
  shape: NodeShape;
  cpuFreeMilli: number;
  /** Free thousandths by device; 0 for what is unavailable and for MIG instances. */
  free: number[];
  /** Somebody is on it. */
  used: boolean;
  /** Kinds of tasks on it, one bit each; 0 unless the policy asks for them. See taskKind. */
  kinds: number;
  /** The policy's own figure for the node as it is; null until it has been computed. */
  worth: number | null;
}

/** Bit of a kind of task: 0 for shares, else the number of whole devices; none without devices. */
export function taskKind(devices: number, milli: number): number {
  if (devices === 0) return 0;
  return 1 << (milli < 1000 ? 0 : Math.min(devices, 30));
}

/** Tells nodes apart by all that feasibility and scores depend on, except the host's free memory. */
export function viewKey(node: IndexNode, withKinds: boolean): string {
  let key = `${node.shape.id} ${node.cpuFreeMilli}`;
  for (const device of node.devices) {
    key += ` ${device.freeMilli}`;
    if (device.freeMemoryMib !== device.memoryMib) key += `/${device.freeMemoryMib}`;
    if (device.shares >= device.maxShares) key += 'x';
    if (device.shares > 0 !== device.freeMilli < 1000) key += '?';
    if (device.domain) key += `@${device.domain}`;
    if (!device.available) key += '!';
  }
  return withKinds ? `${key} ${kindsOf(node)}` : key;
}

export function viewOf(node: IndexNode, id: number, withKinds: boolean): NodeView {
  return {
    id,
    shape: node.shape,
    cpuFreeMilli: node.cpuFreeMilli,
    free: node.devices.map(({ available, mig, freeMilli }) => (available && !mig ? freeMilli : 0)),
    used: node.cpuFreeMilli < node.cpuCapMilli || node.devices.some(({ shares }) => shares > 0),
    kinds: withKinds ? kindsOf(node) : 0,
    worth: null,
  };
}

function kindsOf(node: IndexNode): number {
  let kinds = 0;
  for (const [kind, count] of node.kinds) if (count > 0) kinds |= kind;
  return kinds;
}
