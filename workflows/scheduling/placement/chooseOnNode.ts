import { deviceFits } from './deviceFits.ts';
import type { IndexNode, PlacementIndex } from './placementIndex.ts';
import type { Task } from './task.ts';

/** Where on a node a task goes: positions within its devices. */
export interface NodeChoice {
  chosen: number[];
  score: number;
  worstLink: string | null;
}

/** The best place of the node, or undefined where the task does not fit. */
export function chooseOnNode(
  index: PlacementIndex,
  node: IndexNode,
  task: Task,
  exclude?: (deviceId: string) => boolean,
): NodeChoice | undefined {
  if (task.hosts.length > 0 && !task.hosts.includes(node.hostId)) return undefined;
  if (node.cpuFreeMilli < task.cpuMilli || node.memoryFreeMib < task.hostMemoryMib) {
    return undefined;
  }
  const fitting: number[] = [];
  for (let at = 0; at < node.devices.length; at++) {
    const device = node.devices[at]!;
    if (deviceFits(device, task) && !exclude?.(device.deviceId)) fitting.push(at);
  }
  if (fitting.length < task.devices) return undefined;
  const chosen = fitting.slice(0, task.devices);
  return { chosen, score: index.policy.score(node, task, chosen), worstLink: null };
}
