import { randomUUID } from 'node:crypto';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { Lease } from '../../../workflows/contracts/lease.ts';
import type { HostReport, PoolDevice } from '../../../workflows/contracts/pool/devices.ts';
import {
  type GpuPoolInput,
  type HostView,
  poolQueries,
  poolSignals,
  poolWorkflowId,
} from '../../../workflows/contracts/pool/messages.ts';
import type { UsageRecord } from '../../../workflows/contracts/pool/usage.ts';

/** A whole device that is linked to its neighbours by NVLink. */
export function scriptedDevice(hostId: string, index: number, taskQueue: string): PoolDevice {
  return {
    deviceId: `${hostId}.gpu${index}`,
    hostId,
    taskQueue,
    kind: 'cuda',
    label: `cuda${index}`,
    model: 'Scripted H100 80GB',
    memoryMib: 80_000,
    maxShares: 48,
    mig: null,
    links: {},
    fabric: null,
  };
}

/** Stands in for a host with devices that this machine lacks: it says what a supervisor would say. */
export interface ScriptedHost {
  hostId: string;
  devices: PoolDevice[];
  /** Epochs that the next reports call at work. */
  working: HostReport['working'];
  /** Leases whose end the pool had recorded, in order. */
  recorded: UsageRecord[];
  /** Leases whose devices were cleared by the activity. */
  cleared: Lease[];
  activities: object;
  /** Sends a heartbeat, which starts the pool when it does not run. */
  report(changes?: Partial<HostReport>): Promise<void>;
  view(): Promise<HostView>;
  /** Confirms every ended lease that the pool waits for, as a supervisor does. */
  confirmClearing(): Promise<number>;
}

export interface ScriptedHostOptions {
  client: Client;
  /** Of the workflow worker. */
  taskQueue: string;
  pool: string;
  devices: number;
  hostId?: string;
  /** Queue of every device's worker; the host's unless said otherwise. */
  deviceQueue?: string;
  start?: Omit<GpuPoolInput, 'pool'>;
}

export function createScriptedHost(options: ScriptedHostOptions): ScriptedHost {
  const { client, taskQueue, pool, hostId = `h-${randomUUID()}` } = options;
  const generation = randomUUID();
  const workflowId = poolWorkflowId(pool);
  const handle: WorkflowHandle = client.workflow.getHandle(workflowId);
  let sequence = 0;
  const host: ScriptedHost = {
    hostId,
    devices: Array.from({ length: options.devices }, (_, index) =>
      scriptedDevice(hostId, index, options.deviceQueue ?? `host.${hostId}`),
    ),
    working: [],
    recorded: [],
    cleared: [],
    activities: {
      recordUsage: async (records: UsageRecord[]) => {
        const known = new Set(host.recorded.map(({ leaseId }) => leaseId));
        host.recorded.push(...records.filter(({ leaseId }) => !known.has(leaseId)));
      },
      clearDevice: async ({ lease }: { lease: Lease }) => {
        host.cleared.push(lease);
      },
    },
    async report(changes = {}) {
      sequence += 1;
      const report: HostReport = {
        hostId,
        generation,
        sequence,
        cpuMilli: 64_000,
        memoryMib: 512_000,
        devices: host.devices,
        working: host.working,
        draining: false,
        ...changes,
      };
      await client.workflow.signalWithStart('gpuPoolWorkflow', {
        taskQueue,
        workflowId,
        args: [{ pool, ...options.start }],
        signal: poolSignals.heartbeat,
        signalArgs: [report],
      });
    },
    view: () => handle.query(poolQueries.hostView, hostId),
    async confirmClearing() {
      const { clearing } = await host.view();
      for (const { deviceId, epoch } of clearing) {
        await handle.signal(poolSignals.cleared, { hostId, deviceId, epoch });
      }
      return clearing.length;
    },
  };
  return host;
}
