import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { type DeviceRecord, deviceRecordSchema } from '../../activities/devices/deviceRecords.ts';
import type { Logger } from '../../activities/platform/logging.ts';
import { packageRoot } from '../../activities/platform/packageRoot.ts';
import { findPython } from '../../activities/platform/python.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import { deviceTaskQueue } from '../../workflows/contracts/ids.ts';
import { formatCoreSet, parseCoreSet } from './coreSets.ts';
import { allowedCores } from './cpuTopology.ts';
import type { DeviceProvider } from './deviceProvider.ts';
import { selectVisible } from './visibleDevices.ts';

const gpuSchema = z.object({
  /** Number of the physical GPU, as nvidia-smi has it. */
  index: z.number().int(),
  /** `GPU-…`, or `MIG-…` for an instance. */
  uuid: z.string(),
  /** Of the physical GPU, for a MIG instance. */
  parentUuid: z.string().nullable(),
  /** Such as `1g.10gb`, for a MIG instance. */
  migProfile: z.string().nullable(),
  name: z.string(),
  pciBusId: z.string(),
  memoryBytes: z.number(),
  memoryUsedBytes: z.number(),
  /** 0 to 1; null where the driver does not tell (MIG). */
  utilization: z.number().nullable(),
  /** Major and minor; null where the driver does not tell. */
  computeCapability: z.tuple([z.number().int(), z.number().int()]).nullable(),
  /** By UUID of the other GPU, as this one sees it. */
  links: deviceRecordSchema.shape.links.unwrap(),
  fabric: deviceRecordSchema.shape.fabric.unwrap(),
});
export type Gpu = z.infer<typeof gpuSchema>;

/** Clients of one GPU under MPS (Volta and later, CUDA 13.0 and before; NVIDIA's MPS guide). */
const mpsClients = 48;
/** Compute capability of Volta: MPS limits memory and compute of a client from there on. */
const volta = 7;

export interface CudaProviderDeps {
  logger: Logger;
  env: NodeJS.ProcessEnv;
  /** What NVML lists; empty without a driver. */
  listGpus?: () => Promise<Gpu[]>;
  /** /sys/bus/pci/devices */
  pci?: string;
}

/**
 * NVIDIA GPUs and MIG instances, found through NVML (nvidia-ml-py, in the bridge's Python). A worker
 * sees its own one by CUDA_VISIBLE_DEVICES=<UUID> and runs on the cores next to it.
 */
export function createCudaProvider(deps: CudaProviderDeps): DeviceProvider {
  const { logger, env, pci = '/sys/bus/pci/devices' } = deps;
  const listGpus = deps.listGpus ?? (() => askNvml(env));

  return {
    kind: 'cuda',
    async discover() {
      const gpus = await listGpus().catch((error) => {
        logger.warn({ error: String(error) }, 'GPUs could not be listed; going on without');
        return [];
      });
      return selectVisible(gpus, env.CUDA_VISIBLE_DEVICES).map((gpu, index) => ({
        deviceId: gpu.uuid,
        kind: 'cuda',
        label: `cuda${index}`,
        model: gpu.name,
        taskQueue: deviceTaskQueue(gpu.uuid),
        ...locality(gpu, pci),
        memoryBytes: gpu.memoryBytes,
        maxShares: canShare(gpu) ? mpsClients : 1,
        mig: migOf(gpu),
        links: gpu.links,
        fabric: gpu.fabric,
      }));
    },
    bind(device) {
      return {
        prefix: device.cores === null ? [] : ['taskset', '-c', device.cores],
        env: { CUDA_VISIBLE_DEVICES: device.deviceId, CUDA_DEVICE_ORDER: 'PCI_BUS_ID' },
      };
    },
    async sample(device) {
      const gpu = (await listGpus()).find(({ uuid }) => uuid === device.deviceId);
      if (gpu === undefined) {
        throw berthError('NoSuchDevice', `${device.deviceId}: NVML no longer lists it`);
      }
      return { utilization: gpu.utilization ?? 0, memoryUsedBytes: gpu.memoryUsedBytes };
    },
  };
}

/** A MIG instance is a part already. */
function canShare({ parentUuid, computeCapability }: Gpu): boolean {
  return parentUuid === null && computeCapability !== null && computeCapability[0] >= volta;
}

function migOf({ parentUuid, migProfile }: Gpu): DeviceRecord['mig'] {
  return parentUuid === null
    ? null
    : { profile: migProfile ?? 'unknown', parentDeviceId: parentUuid };
}

/** Cores and NUMA node beside the GPU's slot, as the kernel lists them for the PCI device. */
function locality(gpu: Gpu, pci: string): Pick<DeviceRecord, 'cores' | 'numaNode'> {
  // NVML writes an eight-digit domain, sysfs a four-digit one.
  const folder = join(pci, gpu.pciBusId.toLowerCase().slice(-12));
  const read = (name: string): string | undefined => {
    try {
      return readFileSync(join(folder, name), 'utf8').trim();
    } catch {
      return undefined;
    }
  };
  const allowed = new Set(allowedCores());
  const local = parseCoreSet(read('local_cpulist') ?? '').filter((core) => allowed.has(core));
  const node = Number(read('numa_node') ?? -1);
  return {
    cores: local.length === 0 ? null : formatCoreSet(local),
    numaNode: node < 0 ? null : node,
  };
}

async function askNvml(env: NodeJS.ProcessEnv): Promise<Gpu[]> {
  const bridge = join(packageRoot(), 'native', 'bridge');
  const { stdout } = await promisify(execFile)(findPython(env), ['-m', 'berth_bridge.discover'], {
    env: { ...env, PYTHONPATH: [env.PYTHONPATH, bridge].filter(Boolean).join(delimiter) },
    timeout: 30_000,
  });
  return z.object({ devices: z.array(gpuSchema) }).parse(JSON.parse(stdout)).devices;
}
