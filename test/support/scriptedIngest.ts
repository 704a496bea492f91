import { randomUUID } from 'node:crypto';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { type ActivityFailure, ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { expect } from 'vitest';
import type { PoolDescription } from '../../workflows/contracts/pool/description.ts';
import {
  type DrainInput,
  poolQueries,
  poolUpdates,
  poolWorkflowId,
} from '../../workflows/contracts/pool/messages.ts';
import type { IngestRunInput } from '../../workflows/ingest/state.ts';
import { createScriptedHost } from './pool/scriptedHost.ts';
import {
  createScriptedRun,
  ingestInput,
  type Script,
  type ScriptedRun,
} from './scriptedActivities.ts';

export interface WorkflowServer {
  server: TestWorkflowEnvironment;
  workflowBundle: WorkflowBundleWithSourceMap;
}

/** What the pool has lent to one ingest. */
export interface Lending {
  describe(): Promise<PoolDescription>;
  /** Takes the device back with notice, or lends it again. */
  drain(drain: boolean): Promise<void>;
}

/** One ingest with scripted activities on queues of its own, and a pool of one device. */
export async function runScripted<T>(
  { server, workflowBundle }: WorkflowServer,
  script: Script,
  body: (run: ScriptedRun, handle: WorkflowHandle, lending: Lending) => Promise<T>,
  input: Partial<IngestRunInput> = {},
): Promise<T> {
  const hostId = randomUUID();
  const run = createScriptedRun(script);
  const base = {
    connection: server.nativeConnection,
    namespace: server.namespace,
    // A cancellation arrives with a heartbeat.
    maxHeartbeatThrottleInterval: '200 ms',
  };
  const taskQueue = `berth-${hostId}`;
  const pool = `pool-${hostId}`;
  const { client } = server;
  const host = createScriptedHost({
    ...{ client, taskQueue, pool, hostId, devices: 1 },
    deviceQueue: `device.${hostId}`,
  });
  const activities = { ...host.activities, ...run.activities };
  const workers = await Promise.all([
    Worker.create({ ...base, taskQueue, workflowBundle }),
    Worker.create({ ...base, taskQueue: `host.${hostId}`, activities }),
    Worker.create({ ...base, taskQueue: `device.${hostId}`, activities: run.activities }),
  ]);
  const [first, ...others] = workers;
  const rest = others.map((worker) => worker.run());
  try {
    return await first!.runUntil(async () => {
      await host.report();
      const handle = await client.workflow.start('ingestModelWorkflow', {
        taskQueue,
        workflowId: `ingest/tiny/latest/${hostId}`,
        args: [{ ...ingestInput(), ...input, hostId, pool }],
      });
      const lender = client.workflow.getHandle(poolWorkflowId(pool));
      return body(run, handle, {
        describe: () => lender.query<PoolDescription>(poolQueries.describe),
        drain: async (drain) => {
          const args: [DrainInput] = [{ target: hostId, drain, revoke: drain }];
          await lender.executeUpdate(poolUpdates.drain, { args });
        },
      });
    });
  } finally {
    for (const worker of others) worker.shutdown();
    await Promise.all(rest);
  }
}

/** Innermost failure of a job that must have failed. */
export async function failureTypeOf(handle: WorkflowHandle): Promise<string | null | undefined> {
  const error = await handle.result().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(WorkflowFailedError);
  let cause = (error as WorkflowFailedError).cause;
  while (cause?.cause instanceof Error) cause = cause.cause as ActivityFailure;
  return cause instanceof ApplicationFailure ? cause.type : cause?.name;
}
