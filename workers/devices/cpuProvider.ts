import { cpus } from 'node:os';
import type { DeviceRecord } from '../../activities/devices/deviceRecords.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import { deviceTaskQueue } from '../../workflows/contracts/ids.ts';
import { formatCoreSet, parseCoreSet } from './coreSets.ts';
import { createCpuSampler } from './cpuSampler.ts';
import {
  allowedCores,
  type NumaNode,
  readNumaNodes,
  type TopologyFiles,
  thisMachine,
} from './cpuTopology.ts';
import type { DeviceProvider } from './deviceProvider.ts';

/** Physical cores in one CPU device at most. */
const maxCores = 8;

/** Leases that may take turns on a core: the kernel schedules them, the cgroup weighs them. */
const sharesPerCore = 8;

export interface CpuProviderDeps {
  hostId: string;
  /** BERTH_DEVICES: core sets, `[]` for none, undefined to discover. */
  coreSets: string[] | undefined;
  files?: TopologyFiles;
}

/**
 * CPU devices: the core sets given, else groups of up to 8 physical cores of one NUMA node, as far
 * as this process's affinity allows. Bound with taskset(1), which every thread inherits.
 * @throws BerthError InvalidRequest from `discover` for a core set that overlaps or is not ours
 */
export function createCpuProvider(deps: CpuProviderDeps): DeviceProvider {
  const files = deps.files ?? thisMachine;
  const sampleCores = createCpuSampler();
  const model = cpus()[0]?.model.trim() ?? 'CPU';

  const describe = (cores: string, index: number, node: NumaNode | undefined): DeviceRecord => {
    const deviceId = `${deps.hostId}.cpu${index}`;
    const count = parseCoreSet(cores).length;
    return {
      deviceId,
      kind: 'cpu',
      label: `cpu${index}`,
      model,
      taskQueue: deviceTaskQueue(deviceId),
      cores,
      numaNode: node?.node ?? null,
      memoryBytes: node?.memoryBytes ?? 0,
      lendableBytes: node === undefined ? 0 : memoryFor(count, node),
      maxShares: count * sharesPerCore,
    };
  };

  return {
    kind: 'cpu',
    async discover() {
      const nodes = readNumaNodes(files);
      if (deps.coreSets === undefined) {
        return groupCores(nodes).map(({ cores, node }, index) => describe(cores, index, node));
      }
      checkCoreSets(deps.coreSets, allowedCores(files));
      return deps.coreSets.map((text, index) =>
        describe(formatCoreSet(parseCoreSet(text)), index, nodeOf(parseCoreSet(text), nodes)),
      );
    },
    bind(device) {
      // A CPU worker must not find a GPU that another worker is bound to.
      const env = { CUDA_VISIBLE_DEVICES: '' };
      return { prefix: device.cores === null ? [] : ['taskset', '-c', device.cores], env };
    },
    sample: sampleCores,
  };
}

/** Splits each node into groups of equal size, as near as can be. Pure. */
export function groupCores(nodes: readonly NumaNode[]): { cores: string; node: NumaNode }[] {
  return nodes.flatMap((node) => {
    const groups = Math.ceil(node.cores.length / maxCores);
    return Array.from({ length: groups }, (_, index) => {
      const from = Math.floor((index * node.cores.length) / groups);
      const to = Math.floor(((index + 1) * node.cores.length) / groups);
      return { cores: formatCoreSet(node.cores.slice(from, to).flat()), node };
    });
  });
}

/** The part of the node's memory that falls to so many of its logical CPUs. */
function memoryFor(count: number, node: NumaNode): number {
  return Math.floor((node.memoryBytes * count) / node.cores.flat().length);
}

function nodeOf(cores: readonly number[], nodes: readonly NumaNode[]): NumaNode | undefined {
  return nodes.find((node) => cores.every((core) => node.cores.flat().includes(core)));
}

function checkCoreSets(sets: readonly string[], allowed: readonly number[]): void {
  const seen = new Set<number>();
  for (const set of sets) {
    for (const core of parseCoreSet(set)) {
      if (!allowed.includes(core)) {
        throw berthError(
          'InvalidRequest',
          `BERTH_DEVICES: core ${core} of ${set} is not among the cores that this process may use, ${formatCoreSet(allowed)}`,
        );
      }
      if (seen.has(core)) {
        throw berthError('InvalidRequest', `BERTH_DEVICES: core ${core} is in two devices`);
      }
      seen.add(core);
    }
  }
}
