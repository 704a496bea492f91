import type { Client } from '@temporalio/client';
import { createUsageActivities } from '../../../activities/usage/recordUsage.ts';
import { hostTaskQueue } from '../../../workflows/contracts/ids.ts';
import type { HostReport, PoolDevice } from '../../../workflows/contracts/pool/devices.ts';
import { poolSignals, poolWorkflowId } from '../../../workflows/contracts/pool/messages.ts';
import type { BenchServer } from './benchServer.ts';
import { createMutexActivities } from './mutexActivities.ts';

export const taskQueue = 'bench';

/** One way to lend devices: what its requesters run, and what has to be there for them. */
export interface Side {
  requester: string;
  /** Name of the pool or lock that the requester of this number asks. */
  resource(index: number): string;
  /** Workflows whose histories tell of failed workflow tasks. */
  coordinators: string[];
  /** Activities by task queue. */
  activities(server: BenchServer): Record<string, object>;
  prepare(client: Client): Promise<void>;
  /** What a host says while it lives; the pool takes a silent one for lost. */
  beat?(client: Client, sequence: number): Promise<void>;
}

const pool = 'bench';
export const benchHostId = 'bench-host';
const hostId = benchHostId;

export function poolSide(devices: number): Side {
  return {
    requester: 'poolRequesterWorkflow',
    resource: () => pool,
    coordinators: [poolWorkflowId(pool)],
    activities: ({ home }) => ({
      [hostTaskQueue(hostId)]: createUsageActivities({ config: { home, usage: undefined } }),
    }),
    prepare: async (client) => {
      await client.workflow.signalWithStart('gpuPoolWorkflow', {
        taskQueue,
        workflowId: poolWorkflowId(pool),
        args: [{ pool }],
        signal: poolSignals.heartbeat,
        signalArgs: [report(devices, 1)],
      });
    },
    beat: (client, sequence) =>
      client.workflow
        .getHandle(poolWorkflowId(pool))
        .signal(poolSignals.heartbeat, report(devices, sequence)),
  };
}

/** `locks` mutexes, requesters spread evenly over them; the sample has one. */
export function mutexSide(locks: number): Side {
  const names = Array.from({ length: locks }, (_, index) => `lock-${index}`);
  return {
    requester: 'lockRequesterWorkflow',
    resource: (index) => names[index % locks]!,
    coordinators: names,
    activities: ({ client }) => ({ [taskQueue]: createMutexActivities(client, taskQueue) }),
    prepare: async () => {},
  };
}

/** Nodes of eight GPUs would be eight hosts; one host serves as well where nobody asks for gangs. */
export function report(devices: number, sequence: number): HostReport {
  const named = Array.from(
    { length: devices },
    (_, index): PoolDevice => ({
      deviceId: `GPU-${index}`,
      hostId,
      taskQueue: `device.GPU-${index}`,
      kind: 'cuda',
      label: `cuda${index}`,
      model: 'NVIDIA H100 80GB HBM3',
      memoryMib: 81_559,
      maxShares: 48,
      mig: null,
      links: {},
      fabric: null,
    }),
  );
  return {
    hostId,
    generation: 'bench',
    sequence,
    cpuMilli: 1_000_000,
    memoryMib: 4_000_000,
    devices: named,
    working: [],
    draining: false,
  };
}
