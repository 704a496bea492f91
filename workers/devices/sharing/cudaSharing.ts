import type { Logger } from '../../../activities/platform/logging.ts';
import type { Paths } from '../../../activities/platform/paths.ts';
import { findPython } from '../../../activities/platform/python.ts';
import type { DeviceProvider } from '../deviceProvider.ts';
import type { DeviceSharing } from '../deviceSharing.ts';
import { withChildren } from './mpsClients.ts';
import { mpsRoot } from './mpsFolder.ts';
import { createMpsSharing, type MpsSharing } from './mpsSharing.ts';
import { createNvmlProcesses, type NvmlProcesses } from './nvmlProcesses.ts';

export interface CudaSharingDeps {
  provider: Pick<DeviceProvider, 'bind'>;
  mps: MpsSharing;
  processes: NvmlProcesses;
}

/** NVIDIA devices: a whole GPU or MIG instance by its UUID alone, a part of a GPU under MPS. */
export function createCudaSharing({ provider, mps, processes }: CudaSharingDeps): DeviceSharing {
  return {
    kind: 'cuda',
    async prepare(device, share) {
      if (share.milli < 1000) return mps.prepare(device, share);
      // A daemon of an earlier share would hold the GPU in EXCLUSIVE_PROCESS.
      await mps.release(device);
      return {
        env: provider.bind(device).env,
        cores: device.cores,
        dataLimitBytes: null,
        cgroup: null,
      };
    },
    usedMib: (device, _share, pids) => processes.usedMib(device.deviceId, withChildren(pids)),
    async quiesce(device, share, pids) {
      if (share.milli < 1000) await mps.quiesce(device, share, pids);
    },
    async clear(device, share) {
      if (share.milli < 1000) await mps.clear(device, share);
    },
    close: () => mps.close(),
  };
}

/** As the supervisor uses it: real programs, daemons under BERTH_HOME. */
export function createHostCudaSharing(deps: {
  logger: Logger;
  env: NodeJS.ProcessEnv;
  paths: Paths;
  provider: Pick<DeviceProvider, 'bind'>;
}): DeviceSharing {
  const { logger, env, paths, provider } = deps;
  const processes = createNvmlProcesses({ logger, env, python: () => findPython(env) });
  const mps = createMpsSharing({ logger, env, root: mpsRoot(paths.home), processes });
  return createCudaSharing({ provider, mps, processes });
}
