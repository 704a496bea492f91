import { dirname } from 'node:path';
import { createDeviceEmbedPage } from '../activities/backfill/deviceEmbedPage.ts';
import { createDeviceActivities } from '../activities/devices/deviceActivities.ts';
import { readDeviceList } from '../activities/devices/deviceRecords.ts';
import { createLeasedBridge } from '../activities/devices/leasedBridge.ts';
import { createSharedCache } from '../activities/embeddings/sharedCache.ts';
import { findPython } from '../activities/platform/python.ts';
import { berthError } from '../workflows/contracts/errors.ts';
import { startDeviceMetrics } from './devices/deviceMetrics.ts';
import { deviceProviders } from './devices/discoverDevices.ts';
import { obeyEndings } from './devices/obeyEndings.ts';
import { openDeviceFence } from './devices/openDeviceFence.ts';
import { createWorkReport } from './devices/workReport.ts';
import { createReportedBridge } from './reportedBridge.ts';
import { runWorker } from './runWorker.ts';
import { removePartialFiles } from './supervisor/leftovers.ts';
import { sendToParent } from './supervisor/messages.ts';
import { createProcessExclusion } from './supervisor/processExclusion.ts';

/** Serves one device, `deviceWorker.js <deviceId>`, to which the supervisor has bound it. */
await runWorker('device', async ({ paths, config, logger, meter }) => {
  const deviceId = process.argv[2];
  const { hostId, devices } = await readDeviceList(paths);
  const device = devices.find((known) => known.deviceId === deviceId);
  const provider = deviceProviders(hostId, config, logger).find(
    ({ kind }) => kind === device?.kind,
  );
  if (device === undefined || provider === undefined) {
    throw berthError('NoSuchDevice', `${deviceId}: not in ${paths.devicesFile}`);
  }
  if (config.metrics !== undefined) startDeviceMetrics(meter, provider, device, logger);
  const { fence } = paths.device(device.deviceId);
  // What is half-written was begun by a worker that died; only the supervisor writes there, too.
  await createProcessExclusion(`${fence}.lock`)(() => removePartialFiles(dirname(fence)));
  const work = createWorkReport(device.deviceId, (epochs) => {
    void sendToParent({ type: 'work', epochs });
  });
  const bridge = createLeasedBridge({
    fence: openDeviceFence(paths, device.deviceId),
    start: createReportedBridge({ python: findPython(), device: provider.bind(device), logger }),
    onEpoch: work.bridge,
  });
  obeyEndings(bridge, logger);
  const { env } = process;
  const cache = createSharedCache({ paths, env });
  const sourceDeps = { allowed: config.sources, env };
  return {
    taskQueue: device.taskQueue,
    maxConcurrentActivityTaskExecutions: 1,
    activities: createDeviceActivities({
      deviceId: device.deviceId,
      bridge,
      paths,
      logger,
      embedPage: createDeviceEmbedPage({ bridge, paths, sourceDeps, cache, logger }),
    }),
    activityInterceptors: [work.interceptor],
    async close() {
      await bridge.close();
      await cache.close();
    },
  };
});
