import type { DeviceRecord } from '../../../activities/devices/deviceRecords.ts';
import { formatCoreSet, parseCoreSet } from '../coreSets.ts';
import { allowedCores } from '../cpuTopology.ts';
import type { DeviceSharing, PreparedShare } from '../deviceSharing.ts';
import { type CgroupParent, findCgroupParent } from './cgroup.ts';
import { processMemoryMib } from './processMemory.ts';
import { chooseCores } from './shareCores.ts';

export interface CpuSharingDeps {
  /** Where groups with limits may be made; default what this host permits. */
  findParent?(): Promise<CgroupParent | undefined>;
  /** Cores of a device without a core set; default those that this process may use. */
  allCores?(): number[];
  memoryMib?(pids: readonly number[]): Promise<number>;
}

const mib = 2 ** 20;

const groupName = (leaseId: string): string => `berth-${leaseId.replace(/[^\w.-]/g, '_')}`;

/**
 * CPU devices: the whole core set, or as many cores as a part is worth, chosen so that sharers
 * overlap least. A part's memory is limited by a cgroup v2 where one may be made, and the data
 * segment of each process (RLIMIT_DATA) where it cannot be entered; the supervisor's sampling
 * (`usedMib`) covers the lease's processes together.
 */
export function createCpuSharing(deps: CpuSharingDeps = {}): DeviceSharing {
  const findParent = deps.findParent ?? (() => findCgroupParent());
  const allCores = deps.allCores ?? allowedCores;
  const assignments = new Map<string, Map<string, readonly number[]>>();
  let found: Promise<CgroupParent | undefined> | undefined;
  const parent = (): Promise<CgroupParent | undefined> => {
    found ??= findParent();
    return found;
  };
  const coresOf = (device: DeviceRecord): number[] =>
    device.cores === null ? allCores() : parseCoreSet(device.cores);

  const note = (deviceId: string, leaseId: string, cores: readonly number[]): void => {
    const shares = assignments.get(deviceId) ?? new Map();
    assignments.set(deviceId, shares.set(leaseId, cores));
  };
  const assign = (device: DeviceRecord, leaseId: string, milli: number): number[] => {
    const others = new Map(assignments.get(device.deviceId));
    others.delete(leaseId);
    const cores = chooseCores(coresOf(device), milli, others);
    note(device.deviceId, leaseId, cores);
    return cores;
  };

  return {
    kind: 'cpu',
    async prepare(device, { leaseId, milli, memoryMib }): Promise<PreparedShare> {
      const cores = assign(device, leaseId, milli);
      const threads = String(cores.length);
      const share: PreparedShare = {
        // A command on a CPU must not find a GPU that is lent to somebody else.
        env: { CUDA_VISIBLE_DEVICES: '', OMP_NUM_THREADS: threads, MKL_NUM_THREADS: threads },
        cores: formatCoreSet(cores),
        dataLimitBytes: null,
        cgroup: null,
      };
      if (milli >= 1000 || memoryMib <= 0) return share;
      const memoryBytes = memoryMib * mib;
      const worth = (coresOf(device).length * milli) / 1000;
      const groups = await parent();
      const cgroup = await groups?.create(groupName(leaseId), { memoryBytes, cores: worth });
      return { ...share, dataLimitBytes: memoryBytes, cgroup: cgroup ?? null };
    },
    adopt(device, { leaseId }, { cores }) {
      note(device.deviceId, leaseId, cores === null ? coresOf(device) : parseCoreSet(cores));
    },
    usedMib: (_device, _share, pids) => (deps.memoryMib ?? processMemoryMib)(pids),
    // Ending a process on a CPU harms no neighbour.
    quiesce: async () => undefined,
    async clear(device, { leaseId }) {
      assignments.get(device.deviceId)?.delete(leaseId);
      await (await parent())?.remove(groupName(leaseId));
    },
    close: async () => undefined,
  };
}
