import { randomUUID } from 'node:crypto';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { updateWorkflow } from '../../../workers/client/updateWorkflow.ts';
import { type PoolConfig, poolUpdates } from '../../../workflows/contracts/pool/messages.ts';
import type { HolderState } from '../../support/pool/holderWorkflows.ts';
import { newPool, type PoolRig, startPoolRig } from '../../support/pool/poolRig.ts';

let rig: PoolRig;
beforeAll(async () => {
  rig = await startPoolRig();
});
afterAll(() => rig?.close());

const team = 'nlp';

test('under load, nothing is lost or doubled over many runs of the pool', async () => {
  const pool = newPool();
  const host = await rig.startHost({ pool, devices: 4, start: { maxHistoryEvents: 150 } });
  const [workflows, cycles] = [12, 10];
  const { runId: firstRun } = await rig.pool(pool).describe();
  const churns = Array.from({ length: workflows }, (_, index) =>
    rig.client.workflow.execute<(spec: object, cycles: number) => Promise<string[]>>(
      'churnWorkflow',
      {
        taskQueue: rig.taskQueue,
        workflowId: `churn/${randomUUID()}`,
        args: [{ pool, team, devices: 1 + (index % 2) }, cycles],
      },
    ),
  );
  const updates = Array.from({ length: 25 }, (_, index) =>
    updateWorkflow<PoolConfig>(rig.pool(pool), poolUpdates.configure, { graceMs: 1_000 + index }),
  );
  const lent = (await Promise.all(churns)).flat();
  expect(lent).toHaveLength((workflows * cycles * 3) / 2);
  expect(new Set(lent).size).toBe(lent.length);
  expect(await Promise.all(updates)).toHaveLength(25);
  await expect
    .poll(async () => (await rig.describe(pool)).totals)
    .toMatchObject({ granted: workflows * cycles, released: workflows * cycles });
  const { leases, queue, devices } = await rig.describe(pool);
  expect([leases, queue]).toEqual([[], []]);
  expect(devices.map((device) => device.state)).toEqual(['free', 'free', 'free', 'free']);
  await expect.poll(() => host.recorded.length).toBe(workflows * cycles);
  expect((await rig.pool(pool).describe()).runId).not.toBe(firstRun);
  expect(await failedTasks(pool)).toEqual([]);
});

test('who waits and who holds, limits and drained devices outlive a run', async () => {
  const pool = newPool();
  const host = await rig.startHost({ pool, devices: 2, start: { maxHistoryEvents: 40 } });
  await rig.pool(pool).executeUpdate(poolUpdates.drain, {
    args: [{ target: 'cuda1', drain: true, revoke: false }],
  });
  const holding = await rig.startHolder({ pool, team, devices: 1 });
  const state = () => holding.query<HolderState>('holderState');
  await expect.poll(async () => (await state()).leases).toHaveLength(1);
  const waiting = await rig.startHolder({ pool, team, devices: 1, priority: 7 });
  await expect.poll(async () => (await rig.describe(pool)).queue).toHaveLength(1);
  const before = await rig.describe(pool);
  const { runId } = await rig.pool(pool).describe();
  await expect
    .poll(async () => {
      await host.report();
      return (await rig.pool(pool).describe()).runId;
    })
    .not.toBe(runId);
  const after = await rig.describe(pool);
  expect(after.leases).toEqual(before.leases);
  expect(after.queue).toEqual(before.queue);
  expect(after.config).toEqual(before.config);
  expect(after.devices).toEqual(before.devices);
  await holding.signal('goOn');
  await waiting.signal('goOn');
  await Promise.all([holding.result(), waiting.result()]);
});

test('the pool goes on where it was when its worker comes back', async () => {
  const pool = newPool();
  const taskQueue = `pool-${randomUUID()}`;
  const stop = await rig.startWorker(taskQueue);
  const host = await rig.startHost({ pool, devices: 1, taskQueue });
  const first = await rig.startHolder({ pool, team, devices: 1 });
  await expect
    .poll(async () => (await first.query<HolderState>('holderState')).leases)
    .toHaveLength(1);
  await stop();
  const second = await rig.startHolder({ pool, team, devices: 1 });
  await first.signal('goOn');
  await host.report();
  await first.result();
  await rig.startWorker(taskQueue);
  await second.signal('goOn');
  await second.result();
  await expect.poll(async () => (await rig.describe(pool)).totals.released).toBe(2);
});

test('the run of a pool replays', async () => {
  const pool = newPool();
  await rig.startHost({ pool, devices: 2 });
  const holder = await rig.startHolder({ pool, team, devices: 2 });
  await holder.signal('goOn');
  await holder.result();
  const history = await rig.pool(pool).fetchHistory();
  await Worker.runReplayHistory({ workflowBundle: rig.workflowBundle }, history);
});

/** Causes of failed workflow tasks of the pool's last run; new signals at its hand-over are none. */
async function failedTasks(pool: string): Promise<unknown[]> {
  const { events = [] } = await rig.pool(pool).fetchHistory();
  return (events ?? [])
    .map((event) => event.workflowTaskFailedEventAttributes)
    .filter((failed) => failed != null);
}
