import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureWarmSchedule } from '../../workers/client/scheduledJobs.ts';
import { withSearchAttributes } from '../../workers/client/searchAttributes.ts';
import type { Session } from '../../workers/client/session.ts';
import { startTemporal } from '../support/temporal.ts';

/** A server on which nobody may create search attributes, as on some clusters. */

let env: TestWorkflowEnvironment;
let session: Session;

beforeAll(async () => {
  env = await startTemporal();
  session = {
    client: env.client,
    hostId: 'h',
    namespace: env.namespace ?? 'berth',
    webUi: undefined,
    outage: async () => undefined,
    notify: () => undefined,
    close: async () => undefined,
  };
});
afterAll(() => env?.teardown());

test('a job starts without the attributes that the server refuses', async () => {
  const tried: boolean[] = [];
  const handle = await withSearchAttributes(
    { pipeline: 'warm', model: 'm:latest', hostId: 'h' },
    (typedSearchAttributes) => {
      tried.push(typedSearchAttributes !== undefined);
      const options = { workflowId: 'w', taskQueue: 'q', args: [], typedSearchAttributes };
      return env.client.workflow.start('warmModelWorkflow', options);
    },
  );
  expect(tried).toEqual([true, false]);
  expect((await handle.describe()).status.name).toBe('RUNNING');
});

test('another refusal is not taken for that one', async () => {
  const start = withSearchAttributes({ pipeline: 'warm', hostId: 'h' }, () =>
    env.client.workflow.start('warmModelWorkflow', { workflowId: '', taskQueue: 'q' }),
  );
  await expect(start).rejects.toThrow();
});

test('a schedule is made without them, too', async () => {
  const input = { hostId: 'h', ref: 'm', pin: false, lock: false };
  const settings = { every: '1h' };
  expect(await ensureWarmSchedule(session, settings, input)).toEqual({
    id: 'warm/m',
    action: 'created',
  });
  expect(await ensureWarmSchedule(session, settings, input)).toMatchObject({ action: 'updated' });
});
