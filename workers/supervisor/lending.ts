import type { DeviceRecord } from '../../activities/devices/deviceRecords.ts';
import type { BerthConfig } from '../../activities/platform/config.ts';
import type { Logger } from '../../activities/platform/logging.ts';
import type { Paths } from '../../activities/platform/paths.ts';
import { openDeviceFence } from '../devices/openDeviceFence.ts';
import { createDeviceWork } from '../pool/deviceWork.ts';
import { createHostPools } from '../pool/hostPools.ts';
import type { HostWork } from '../pool/hostWork.ts';
import type { TemporalTarget } from '../temporal/connection.ts';
import type { DeviceControl } from './deviceControl.ts';

export interface LendingDeps {
  config: BerthConfig;
  paths: Paths;
  hostId: string;
  devices: readonly DeviceRecord[];
  /** Of the workers that serve the devices, by deviceId. */
  controls: ReadonlyMap<string, DeviceControl>;
  target: TemporalTarget;
  logger: Logger;
}

export interface Lending {
  /** Takes the host out of its pools and ends what runs under leases. */
  stop(): Promise<void>;
}

/** Lends this host's devices through its pools, once its workers serve. */
export async function startLending(deps: LendingDeps): Promise<Lending> {
  const { config, paths, hostId, devices, controls, target, logger } = deps;
  const controlled = devices.flatMap(({ deviceId }) => {
    const control = controls.get(deviceId);
    return control === undefined
      ? []
      : [{ deviceId, fence: openDeviceFence(paths, deviceId), control }];
  });
  const deviceWork = createDeviceWork(controlled);
  const work: HostWork = {
    working: deviceWork.working,
    live: deviceWork.live,
    epochs: deviceWork.epochs,
    end: ({ epochs }) => deviceWork.end(epochs),
    revoke: () => undefined,
    renewed: () => undefined,
  };
  const pools = createHostPools({ hostId, devices, config, target, work, logger });
  pools.start();
  return {
    async stop() {
      await pools.drain();
      await pools.stop();
    },
  };
}
