import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { markDeviceActive } from '../../activities/devices/deviceActivity.ts';
import type { Paths } from '../../activities/platform/paths.ts';

/** Far below the life of a lease. */
const intervalMs = 30_000;

/** Keeps the device's lease alive while an activity runs on it (deviceActivity.ts). */
export function createActivityMarker(paths: Paths, deviceId: string): ActivityInterceptorsFactory {
  // A mark that cannot be written (full disk) costs at worst the lease, not the work.
  const mark = () => markDeviceActive(paths, deviceId, new Date()).catch(() => undefined);
  return () => ({
    inbound: {
      async execute(input, next) {
        await mark();
        const timer = setInterval(mark, intervalMs);
        try {
          return await next(input);
        } finally {
          clearInterval(timer);
          await mark();
        }
      },
    },
  });
}
