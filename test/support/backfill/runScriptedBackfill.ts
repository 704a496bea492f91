import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { expect } from 'vitest';
import type { BackfillRunInput } from '../../../workflows/backfill/state.ts';
import type { BackfillRequest } from '../../../workflows/contracts/backfill/request.ts';
import type { PoolDescription } from '../../../workflows/contracts/pool/description.ts';
import {
  defaultPoolConfig,
  poolQueries,
  poolWorkflowId,
} from '../../../workflows/contracts/pool/messages.ts';
import { createScriptedHost } from '../pool/scriptedHost.ts';
import type { WorkflowServer } from '../scriptedIngest.ts';
import { backfillRequest } from './backfillRequest.ts';
import {
  type BackfillScript,
  createScriptedBackfill,
  type ScriptedBackfill,
} from './scriptedBackfill.ts';
import { eventually } from './steering.ts';

export interface BackfillRig {
  run: ScriptedBackfill;
  handle: WorkflowHandle;
  hostId: string;
  taskQueue: string;
  /** Asks for the same job again. */
  restart(): Promise<WorkflowHandle>;
  /** What the pool has lent. */
  describePool(): Promise<PoolDescription>;
  /** Takes the devices back with notice, or lends them again. */
  drain(drain: boolean): Promise<void>;
}

export interface BackfillRigInput extends Partial<Omit<BackfillRunInput, 'request'>> {
  request?: Partial<BackfillRequest>;
  devices?: number;
}

/** One backfill with scripted activities on queues of its own, and a pool of some devices. */
export async function runScriptedBackfill<T>(
  { server, workflowBundle }: WorkflowServer,
  script: BackfillScript,
  body: (rig: BackfillRig) => Promise<T>,
  { request, devices = 2, ...input }: BackfillRigInput = {},
): Promise<T> {
  const hostId = randomUUID();
  const run = createScriptedBackfill(script);
  const base = {
    connection: server.nativeConnection,
    namespace: server.namespace,
    // A cancellation arrives with a heartbeat.
    maxHeartbeatThrottleInterval: '200 ms',
  };
  const taskQueue = `berth-${hostId}`;
  const pool = `pool-${hostId}`;
  const { client } = server;
  const deviceQueue = `device.${hostId}`;
  const host = createScriptedHost({ client, taskQueue, pool, hostId, devices, deviceQueue });
  const activities = { ...host.activities, ...run.activities };
  const workers = await Promise.all([
    Worker.create({ ...base, taskQueue, workflowBundle }),
    Worker.create({ ...base, taskQueue: `host.${hostId}`, activities }),
    Worker.create({ ...base, taskQueue: deviceQueue, activities: run.activities }),
    Worker.create({ ...base, taskQueue: `query.${hostId}`, activities: run.activities }),
  ]);
  const [first, ...others] = workers;
  const rest = others.map((worker) => worker.run());
  // A host that is silent for a minute loses its devices, and some tests take longer.
  const beats = setInterval(
    () => void host.report().catch(() => undefined),
    defaultPoolConfig.heartbeatMs,
  );
  try {
    return await first!.runUntil(async () => {
      await host.report();
      const job = {
        ...{ hostId, pool, team: 'default', dryRun: false },
        ...input,
        request: backfillRequest(request),
      } satisfies BackfillRunInput;
      const start = () =>
        client.workflow.start('backfillEmbeddingsWorkflow', {
          taskQueue,
          workflowId: `backfill/docs-${hostId}`,
          args: [job],
        });
      const handle = await start();
      const lender = client.workflow.getHandle(poolWorkflowId(pool));
      return body({
        ...{ run, handle, hostId, taskQueue },
        restart: start,
        describePool: () => lender.query<PoolDescription>(poolQueries.describe),
        drain: async (drain) => {
          await lender.executeUpdate('drainDevice', {
            args: [{ target: hostId, drain, revoke: drain }],
          });
        },
      });
    });
  } finally {
    clearInterval(beats);
    for (const worker of others) worker.shutdown();
    await Promise.all(rest);
  }
}

/** All devices are back in the pool, and nobody waits for one. */
export async function expectFree({ describePool }: BackfillRig): Promise<void> {
  await eventually(async () => {
    const { devices, leases, queue } = await describePool();
    expect(devices.map(({ state }) => state)).toEqual(['free', 'free']);
    expect([leases, queue]).toEqual([[], []]);
  });
}

/** No alias has moved, no new collection is left, and the dead letters are gathered. */
export function expectNothingSwitched({ run }: BackfillRig): void {
  expect([...run.aliases.values()].every((named) => named === 'docs-v1')).toBe(true);
  expect(run.collections.size).toBe(0);
  expect(run.calls.some((call) => call.startsWith('switchAlias'))).toBe(false);
  expect(run.calls.at(-1)).toBe('finishBackfill');
}
