import { dirname, join } from 'node:path';
import type { DeviceRecord } from '../../activities/devices/deviceRecords.ts';
import type { Paths } from '../../activities/platform/paths.ts';
import { type LockAttempt, tryProcessLock } from '../supervisor/processLock.ts';
import { ensureSharedFolder } from '../supervisor/sharedFolder.ts';

/**
 * Where devices that the whole machine shares are locked. One fixed folder for all users and all
 * BERTH_HOMEs, whatever TMPDIR says: a GPU must not be lent by two stacks at once. CPU devices
 * belong to a BERTH_HOME by their id, and are locked in it.
 */
const machineLocks = '/tmp/berth-device-locks';

export function deviceLockPath(paths: Paths, device: DeviceRecord, folder = machineLocks): string {
  return device.kind === 'cpu'
    ? paths.device(device.deviceId).lock
    : join(folder, `${device.deviceId}.lock`);
}

/** Takes the device for this stack, or tells which process has it. */
export async function tryDeviceLock(
  paths: Paths,
  device: DeviceRecord,
  folder = machineLocks,
): Promise<LockAttempt> {
  const path = deviceLockPath(paths, device, folder);
  if (device.kind !== 'cpu') await ensureSharedFolder(dirname(path));
  return tryProcessLock(path);
}
