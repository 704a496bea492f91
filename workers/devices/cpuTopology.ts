import { readdirSync, readFileSync } from 'node:fs';
import { parseCoreSet } from './coreSets.ts';

/** A NUMA node as this process may use it. */
export interface NumaNode {
  node: number;
  memoryBytes: number;
  /** Physical cores, each with the logical CPUs (hyper-threads) that we may run on. */
  cores: number[][];
}

/** Places to read from, so that a test can describe another machine. */
export interface TopologyFiles {
  /** /sys/devices/system */
  system: string;
  /** /proc/self/status */
  status: string;
}

export const thisMachine: TopologyFiles = {
  system: '/sys/devices/system',
  status: '/proc/self/status',
};

/** Logical CPUs that the affinity mask of this process allows (sched_setaffinity(2), cpuset(7)). */
export function allowedCores(files: TopologyFiles = thisMachine): number[] {
  const line = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync(files.status, 'utf8'));
  return parseCoreSet(line?.[1] ?? '');
}

/** NUMA nodes with at least one allowed CPU; one node 0 where the kernel has no NUMA. */
export function readNumaNodes(files: TopologyFiles = thisMachine): NumaNode[] {
  const allowed = new Set(allowedCores(files));
  const ids = nodeIds(files);
  const nodes = ids.map((node) => {
    const folder = `${files.system}/node/node${node}`;
    const cpus = parseCoreSet(readFileSync(`${folder}/cpulist`, 'utf8'));
    return { node, memoryBytes: nodeMemory(folder), cpus };
  });
  if (nodes.length === 0) nodes.push({ node: 0, memoryBytes: 0, cpus: [...allowed] });
  return nodes
    .map(({ node, memoryBytes, cpus }) => ({
      node,
      memoryBytes,
      cores: physicalCores(
        cpus.filter((cpu) => allowed.has(cpu)),
        files,
      ),
    }))
    .filter(({ cores }) => cores.length > 0);
}

function nodeIds(files: TopologyFiles): number[] {
  try {
    return readdirSync(`${files.system}/node`)
      .flatMap((name) => /^node(\d+)$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  } catch {
    return [];
  }
}

function nodeMemory(folder: string): number {
  const total = /MemTotal:\s*(\d+) kB/.exec(readFileSync(`${folder}/meminfo`, 'utf8'));
  return Number(total?.[1] ?? 0) * 1024;
}

/** Hyper-threads of one core share its units, so they belong to one device. */
function physicalCores(cpus: number[], files: TopologyFiles): number[][] {
  const groups = new Map<string, number[]>();
  for (const cpu of cpus) {
    const siblings = siblingList(cpu, files);
    groups.set(siblings, [...(groups.get(siblings) ?? []), cpu]);
  }
  return [...groups.values()];
}

function siblingList(cpu: number, files: TopologyFiles): string {
  try {
    return readFileSync(
      `${files.system}/cpu/cpu${cpu}/topology/thread_siblings_list`,
      'utf8',
    ).trim();
  } catch {
    return String(cpu);
  }
}
