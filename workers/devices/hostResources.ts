import { totalmem } from 'node:os';
import { constrainedMemory } from 'node:process';
import { allowedCores, type TopologyFiles } from './cpuTopology.ts';

export interface HostResources {
  /** Thousandths of a logical CPU that this process's affinity allows. */
  cpuMilli: number;
  /** Memory of the machine, or what the control group leaves of it, MiB. */
  memoryMib: number;
}

/** CPU and memory of this host, as a heartbeat tells the pool. */
export function readHostResources(files?: TopologyFiles): HostResources {
  // 0, undefined or more than there is: not limited.
  const limit = constrainedMemory() || Number.POSITIVE_INFINITY;
  return {
    cpuMilli: 1000 * allowedCores(files).length,
    memoryMib: Math.floor(Math.min(limit, totalmem()) / 2 ** 20),
  };
}
