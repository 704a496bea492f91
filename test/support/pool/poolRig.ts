import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { hostTaskQueue } from '../../../workflows/contracts/ids.ts';
import type { GpuLeaseSpec } from '../../../workflows/contracts/lease.ts';
import type { PoolDescription } from '../../../workflows/contracts/pool/description.ts';
import { poolQueries, poolWorkflowId } from '../../../workflows/contracts/pool/messages.ts';
import { bundleWorkflows, startTemporal } from '../temporal.ts';
import { createScriptedHost, type ScriptedHost, type ScriptedHostOptions } from './scriptedHost.ts';

/** A real server with a workflow worker, on which each test has pools of its own. */
export interface PoolRig {
  server: TestWorkflowEnvironment;
  client: Client;
  workflowBundle: WorkflowBundleWithSourceMap;
  /** Of the workflow worker. */
  taskQueue: string;
  /** A host that has reported once, with a worker for its activities. */
  startHost(options: Partial<ScriptedHostOptions> & { pool: string }): Promise<ScriptedHost>;
  startHolder(spec: GpuLeaseSpec): Promise<WorkflowHandle>;
  pool(name: string): WorkflowHandle;
  describe(pool: string): Promise<PoolDescription>;
  /**
   * Another workflow worker, on a queue of its own; ends with the rig unless ended before.
   * @param bundle of another version of the workflows
   */
  startWorker(
    taskQueue: string,
    bundle?: WorkflowBundleWithSourceMap,
  ): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export const newPool = (): string => `p-${randomUUID()}`;

export async function startPoolRig(): Promise<PoolRig> {
  const [server, workflowBundle] = await Promise.all([
    startTemporal(),
    bundleWorkflows(fileURLToPath(new URL('holderWorkflows.ts', import.meta.url))),
  ]);
  const { client } = server;
  const stops = new Set<() => Promise<void>>();
  const base = { connection: server.nativeConnection, namespace: server.namespace };

  const start = async (worker: Worker): Promise<() => Promise<void>> => {
    const running = worker.run();
    const stop = async () => {
      stops.delete(stop);
      worker.shutdown();
      await running;
    };
    stops.add(stop);
    return stop;
  };

  const taskQueue = `berth-${randomUUID()}`;
  const startWorker = async (queue: string, bundle = workflowBundle) =>
    start(await Worker.create({ ...base, taskQueue: queue, workflowBundle: bundle }));
  await startWorker(taskQueue);
  const pool = (name: string) => client.workflow.getHandle(poolWorkflowId(name));

  return {
    ...{ server, client, workflowBundle, taskQueue, startWorker, pool },
    describe: (name) => pool(name).query<PoolDescription>(poolQueries.describe),
    async startHost(options) {
      const host = createScriptedHost({ client, taskQueue, devices: 4, ...options });
      const queue = hostTaskQueue(host.hostId);
      await start(await Worker.create({ ...base, taskQueue: queue, activities: host.activities }));
      await host.report();
      return host;
    },
    startHolder: (spec) =>
      client.workflow.start('holderWorkflow', {
        taskQueue,
        workflowId: `holder/${randomUUID()}`,
        args: [spec],
      }),
    async close() {
      await Promise.all([...stops].map((stop) => stop()));
      await server.teardown();
    },
  };
}
