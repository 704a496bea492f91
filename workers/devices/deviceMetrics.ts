import type { MetricMeter } from '@temporalio/common';
import type { DeviceRecord } from '../../activities/devices/deviceRecords.ts';
import type { Logger } from '../../activities/platform/logging.ts';
import type { DeviceProvider } from './deviceProvider.ts';

const intervalMs = 15_000;

/**
 * Samples the device for as long as the process lives: `berth_device_utilization` (gauge, 0 to 1)
 * and `berth_device_memory_used_bytes` (gauge), by device.
 */
export function startDeviceMetrics(
  meter: MetricMeter,
  provider: DeviceProvider,
  device: DeviceRecord,
  logger: Logger,
): void {
  const tags = { device: device.deviceId, kind: device.kind };
  const utilization = meter
    .createGauge('berth_device_utilization', 'float', '1', 'Share of the device that is busy')
    .withTags(tags);
  const memory = meter
    .createGauge('berth_device_memory_used_bytes', 'int', 'By', 'Memory in use on the device')
    .withTags(tags);
  let told = false;
  const sample = async (): Promise<void> => {
    try {
      const now = await provider.sample(device);
      utilization.set(now.utilization);
      memory.set(now.memoryUsedBytes);
    } catch (error) {
      if (!told) logger.warn({ error: String(error) }, 'the device cannot be sampled');
      told = true;
    }
  };
  void sample();
  setInterval(sample, intervalMs).unref();
}
