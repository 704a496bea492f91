import { readDeviceList } from '../activities/devices/deviceRecords.ts';
import { berthError } from '../workflows/contracts/errors.ts';
import { createActivityMarker } from './devices/activityMarker.ts';
import { startDeviceMetrics } from './devices/deviceMetrics.ts';
import { deviceProviders } from './devices/discoverDevices.ts';
import { runWorker } from './runWorker.ts';

/** Serves one device, `deviceWorker.js <deviceId>`, to which the supervisor has bound it. */
await runWorker('device', async ({ paths, config, logger, meter }) => {
  const deviceId = process.argv[2];
  const { hostId, devices } = await readDeviceList(paths);
  const device = devices.find((known) => known.deviceId === deviceId);
  if (device === undefined) {
    throw berthError('NoSuchDevice', `${deviceId}: not in ${paths.devicesFile}`);
  }
  const provider = deviceProviders(hostId, config, logger).find(({ kind }) => kind === device.kind);
  if (config.metrics !== undefined && provider !== undefined) {
    startDeviceMetrics(meter, provider, device, logger);
  }
  return {
    taskQueue: device.taskQueue,
    maxConcurrentActivityTaskExecutions: 1,
    activities: {},
    activityInterceptors: [createActivityMarker(paths, device.deviceId)],
  };
});
