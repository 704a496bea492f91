import type { WaitReason } from '../../contracts/pool/description.ts';
import type { IndexNode } from '../placement/placementIndex.ts';
import type { Task } from '../placement/task.ts';

/** What the hosts that have the devices are short of besides. */
export function hostReasons(task: Task, nodes: readonly IndexNode[]): WaitReason[] {
  const cpu = Math.max(...nodes.map(({ cpuFreeMilli }) => cpuFreeMilli));
  const memory = Math.max(...nodes.map(({ memoryFreeMib }) => memoryFreeMib));
  const lacksCpu = cpu < task.cpuMilli;
  const lacksMemory = memory < task.hostMemoryMib;
  const reasons: WaitReason[] = [];
  // Where one host has the cores and another the memory, both are short together.
  if (lacksCpu || !lacksMemory) reasons.push(short('cpu', task.cpuMilli, cpu));
  if (lacksMemory || !lacksCpu) reasons.push(short('memory', task.hostMemoryMib, memory));
  return reasons;
}

const short = (resource: 'cpu' | 'memory', wanted: number, largestFree: number): WaitReason => ({
  token: 'host-resources',
  resource,
  wanted,
  largestFree,
});
