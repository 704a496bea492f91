import { type DeviceRecord, readDeviceList } from '../../activities/devices/deviceRecords.ts';
import type { Paths } from '../../activities/platform/paths.ts';
import { BerthError } from '../../workflows/contracts/errors.ts';
import { hostTaskQueue, queryTaskQueue, workflowTaskQueue } from '../../workflows/contracts/ids.ts';
import { readHostId } from '../supervisor/hostId.ts';
import { readStack } from '../supervisor/stack.ts';
import type { ProcessStatus, StackFile } from '../supervisor/stackFile.ts';
import { type QueueType, readPollers } from './pollers.ts';
import type { Session } from './session.ts';

/** A device and the worker that serves it. */
export interface DeviceStatus extends DeviceRecord {
  /** Null while no stack runs, or when the device was not taken. */
  worker: Pick<ProcessStatus, 'state' | 'pid' | 'restarts' | 'binding' | 'bridge'> | null;
}

export interface QueueStatus {
  name: string;
  type: QueueType;
  /** Workers that asked for tasks in the last minutes. */
  pollers: number;
}

export interface ServerStatus {
  address: string;
  namespace: string;
  /** Berth runs it itself. */
  embedded: boolean;
  reachable: boolean;
  /** Null where Berth does not know one. */
  webUi: string | null;
}

export interface StackStatus {
  home: string;
  /** `stopped` also when none ever ran, or when it died without saying so. */
  state: StackFile['state'];
  /** Null before the first start. */
  hostId: string | null;
  /** ISO 8601; null while nothing runs. */
  startedAt: string | null;
  /** Null while nothing runs. */
  server: ServerStatus | null;
  /** Address of the stack's own vector store; null where it runs none. */
  chroma: string | null;
  processes: ProcessStatus[];
  queues: QueueStatus[];
  devices: DeviceStatus[];
  /** Devices that were found but not taken. */
  skippedDevices: { deviceId: string; reason: string }[];
}

/** Devices of the last discovery with their workers. */
export async function readDevices(paths: Paths): Promise<DeviceStatus[]> {
  const stack = await readStack(paths);
  const { devices } = await readDeviceList(paths);
  return devices.map((device) => {
    const found = stack?.processes.find(({ deviceId }) => deviceId === device.deviceId);
    return { ...device, worker: found ? pickWorker(found) : null };
  });
}

function pickWorker({ state, pid, restarts, binding, bridge }: ProcessStatus) {
  return { state, pid, restarts, binding, bridge };
}

/**
 * Everything that `berth status` shows.
 * @param open Connects; its failure shows as a server that is not reachable.
 */
export async function readStatus(paths: Paths, open: () => Promise<Session>): Promise<StackStatus> {
  const stack = await readStack(paths);
  const devices = await readDevices(paths).catch((error) => {
    if (error instanceof BerthError && error.type === 'StackUnavailable') return [];
    throw error;
  });
  const queues = stack && (await readQueues(stack, open).catch(() => undefined));
  const temporal = stack?.temporal;
  return {
    home: paths.home,
    state: stack?.state ?? 'stopped',
    hostId: stack?.hostId ?? (await readHostId(paths)) ?? null,
    startedAt: stack?.startedAt ?? null,
    server: temporal
      ? {
          address: temporal.address,
          namespace: temporal.namespace,
          embedded: temporal.embedded,
          reachable: queues !== undefined,
          webUi: temporal.uiUrl,
        }
      : null,
    chroma: stack?.chroma?.url ?? null,
    processes: stack?.processes ?? [],
    queues: queues ?? [],
    devices,
    skippedDevices: stack?.skippedDevices ?? [],
  };
}

const statusTimeoutMs = 5_000;

async function readQueues(stack: StackFile, open: () => Promise<Session>): Promise<QueueStatus[]> {
  const session = await open();
  const deviceQueues = stack.processes.flatMap(({ deviceId, queue }) =>
    deviceId !== null && queue !== null ? [queue] : [],
  );
  const wanted: { name: string; type: QueueType }[] = [
    { name: workflowTaskQueue, type: 'workflow' },
    { name: hostTaskQueue(stack.hostId), type: 'activity' },
    { name: queryTaskQueue(stack.hostId), type: 'activity' },
    ...deviceQueues.map((name) => ({ name, type: 'activity' as const })),
  ];
  return session.client.withDeadline(Date.now() + statusTimeoutMs, () =>
    Promise.all(
      wanted.map(async ({ name, type }) => ({
        name,
        type,
        pollers: (await readPollers(session, name, type)).length,
      })),
    ),
  );
}
