import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient } from '../../workers/temporal/createClient.ts';
import { clockWorkflow, tellSignal, toldAtQuery } from '../support/clockWorkflow.ts';
import { bundleWorkflows, startTemporal } from '../support/temporal.ts';

const workflows = 60;
const taskQueue = 'clocks';
let server: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  const path = fileURLToPath(new URL('../support/clockWorkflow.ts', import.meta.url));
  [server, workflowBundle] = await Promise.all([startTemporal(), bundleWorkflows(path)]);
});
afterAll(() => server?.teardown());

const withWorker = async <T>(work: () => Promise<T>): Promise<T> => {
  const { nativeConnection: connection, namespace = 'default' } = server;
  const worker = await Worker.create({ connection, namespace, taskQueue, workflowBundle });
  return worker.runUntil(work);
};

// Without the guard a tenth of them hears the signal at the time of the task before it.
test('a signal that comes while a restarted worker answers a query is heard at its own time', async () => {
  const client = createClient(server.connection, server.namespace ?? 'default');
  const handles = await withWorker(async () => {
    const ids = Array.from({ length: workflows }, (_, index) => `clock-${index}`);
    const started = await Promise.all(
      ids.map((workflowId) => client.workflow.start(clockWorkflow, { workflowId, taskQueue })),
    );
    // Answered once its first task is done.
    for (const handle of started) expect(await handle.query(toldAtQuery)).toBeNull();
    return started;
  });
  await withWorker(async () => {
    for (const [index, handle] of handles.entries()) {
      const asked = handle.query(toldAtQuery);
      // Into the moment between the query's way and its answer.
      await delay(index % 15);
      await handle.signal(tellSignal);
      await asked;
    }
    for (const handle of handles) {
      let toldAt: number | null = null;
      while (toldAt === null) toldAt = await handle.query(toldAtQuery);
      const { events } = await handle.fetchHistory();
      const told = events?.findLast((event) => event.workflowTaskStartedEventAttributes);
      const { seconds = 0, nanos = 0 } = told?.eventTime ?? {};
      expect(toldAt).toBe(Number(seconds) * 1000 + Math.floor((nanos ?? 0) / 1e6));
    }
  });
});
