import { randomUUID } from 'node:crypto';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { type ActivityFailure, ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { expect } from 'vitest';
import type { IngestRunInput } from '../../workflows/ingest/state.ts';
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

/** One ingest with scripted activities on queues of its own. */
export async function runScripted<T>(
  { server, workflowBundle }: WorkflowServer,
  script: Script,
  body: (run: ScriptedRun, handle: WorkflowHandle) => Promise<T>,
  input: Partial<IngestRunInput> = {},
): Promise<T> {
  const hostId = randomUUID();
  const run = createScriptedRun(script, `device.${hostId}`);
  const base = {
    connection: server.nativeConnection,
    namespace: server.namespace,
    // A cancellation arrives with a heartbeat.
    maxHeartbeatThrottleInterval: '200 ms',
  };
  const taskQueue = `berth-${hostId}`;
  const workers = await Promise.all([
    Worker.create({ ...base, taskQueue, workflowBundle }),
    Worker.create({ ...base, taskQueue: `host.${hostId}`, activities: run.activities }),
    Worker.create({ ...base, taskQueue: `device.${hostId}`, activities: run.activities }),
  ]);
  const [first, ...others] = workers;
  const rest = others.map((worker) => worker.run());
  try {
    return await first!.runUntil(async () => {
      const handle = await server.client.workflow.start('ingestModelWorkflow', {
        taskQueue,
        workflowId: `ingest/tiny/latest/${hostId}`,
        args: [{ ...ingestInput(), ...input, hostId }],
      });
      return body(run, handle);
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
