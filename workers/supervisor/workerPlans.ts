import getPort, { portNumbers } from 'get-port';
import type { DeviceRecord } from '../../activities/devices/deviceRecords.ts';
import { hostTaskQueue, queryTaskQueue, workflowTaskQueue } from '../../workflows/contracts/ids.ts';
import type { DeviceBinding } from '../devices/deviceProvider.ts';
import type { WorkerPlan } from './workerProcess.ts';

export interface BoundDevice {
  record: DeviceRecord;
  binding: DeviceBinding;
}

/** The workers of a host: one for workflows, one for the host's files, one for searches, one a device. */
export async function planWorkers(
  hostId: string,
  devices: readonly BoundDevice[],
  metricsBase: string | undefined,
): Promise<WorkerPlan[]> {
  const plans = [
    {
      name: 'workflow',
      script: 'workflowWorker.js',
      args: [],
      queue: workflowTaskQueue,
    },
    { name: 'host', script: 'hostWorker.js', args: [], queue: hostTaskQueue(hostId) },
    { name: 'query', script: 'queryWorker.js', args: [], queue: queryTaskQueue(hostId) },
    ...devices.map((device) => ({
      name: `device-${device.record.label}`,
      script: 'deviceWorker.js',
      args: [device.record.deviceId],
      queue: device.record.taskQueue,
      device,
    })),
  ];
  const planned: WorkerPlan[] = [];
  for (const [index, plan] of plans.entries()) {
    planned.push({ ...plan, metrics: await metricsAddress(metricsBase, index) });
  }
  return planned;
}

/** A scrape endpoint a process: the base port for the first, the next free one for each other. */
async function metricsAddress(base: string | undefined, index: number): Promise<string | null> {
  if (base === undefined) return null;
  const colon = base.lastIndexOf(':');
  const host = base.slice(0, colon);
  const first = Number(base.slice(colon + 1)) + index;
  const port = await getPort({ host, port: portNumbers(first, Math.min(first + 200, 65_535)) });
  return `${host}:${port}`;
}
