import { readDeviceList } from '../activities/devices/deviceRecords.ts';
import { berthError } from '../workflows/contracts/errors.ts';
import { createActivityMarker } from './devices/activityMarker.ts';
import { runWorker } from './runWorker.ts';

/** Serves one device, `deviceWorker.js <deviceId>`, to which the supervisor has bound it. */
await runWorker('device', async ({ paths }) => {
  const deviceId = process.argv[2];
  const { devices } = await readDeviceList(paths);
  const device = devices.find((known) => known.deviceId === deviceId);
  if (device === undefined) {
    throw berthError('NoSuchDevice', `${deviceId}: not in ${paths.devicesFile}`);
  }
  return {
    taskQueue: device.taskQueue,
    maxConcurrentActivityTaskExecutions: 1,
    activities: {},
    activityInterceptors: [createActivityMarker(paths, device.deviceId)],
  };
});
