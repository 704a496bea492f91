import { createFence, type Fence } from '../../activities/devices/fence.ts';
import type { Paths } from '../../activities/platform/paths.ts';
import { createProcessExclusion } from '../supervisor/processExclusion.ts';

/** The fence of a device, which its worker and the supervisor share. */
export function openDeviceFence(paths: Paths, deviceId: string): Fence {
  const path = paths.device(deviceId).fence;
  return createFence({ path, deviceId, exclusive: createProcessExclusion(`${path}.lock`) });
}
