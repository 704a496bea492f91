import type { DeviceList } from '../../activities/devices/deviceRecords.ts';
import { writeJsonAtomic } from '../../activities/platform/atomicFile.ts';
import type { BerthConfig } from '../../activities/platform/config.ts';
import type { Logger } from '../../activities/platform/logging.ts';
import type { Paths } from '../../activities/platform/paths.ts';
import { tryDeviceLock } from '../devices/deviceLock.ts';
import { deviceProviders, discoverDevices } from '../devices/discoverDevices.ts';
import type { ProcessLock } from './processLock.ts';
import type { StackFile } from './stackFile.ts';
import type { BoundDevice } from './workerPlans.ts';

export interface ClaimedDevices {
  devices: BoundDevice[];
  skipped: StackFile['skippedDevices'];
  release(): Promise<void>;
}

/** Discovers devices, takes those that no other stack on this machine has, and records them. */
export async function claimDevices(
  hostId: string,
  config: BerthConfig,
  paths: Paths,
  logger: Logger,
): Promise<ClaimedDevices> {
  const devices: BoundDevice[] = [];
  const skipped: StackFile['skippedDevices'] = [];
  const locks: ProcessLock[] = [];
  for (const found of await discoverDevices(deviceProviders(hostId, config, logger))) {
    const { record, provider } = found;
    const reason = await tryDeviceLock(paths, record).then(
      (attempt) => {
        if ('holder' in attempt) return `process ${attempt.holder.pid} of another stack has it`;
        locks.push(attempt.lock);
        return undefined;
      },
      (error) => `its lock cannot be taken: ${String(error)}`,
    );
    if (reason === undefined) devices.push({ record, binding: provider.bind(record) });
    else skipped.push({ deviceId: record.deviceId, reason });
  }
  for (const device of skipped) logger.warn(device, 'device skipped');
  const list: DeviceList = { hostId, devices: devices.map(({ record }) => record) };
  await writeJsonAtomic(paths.devicesFile, list);
  return {
    devices,
    skipped,
    release: async () => {
      await Promise.all(locks.map((lock) => lock.release()));
    },
  };
}
