import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Lease } from '../../../workflows/contracts/lease.ts';
import { poolSignals } from '../../../workflows/contracts/pool/messages.ts';
import type { HolderState } from '../../support/pool/holderWorkflows.ts';
import { holdInput } from '../../support/pool/holdInput.ts';
import { newPool, type PoolRig, startPoolRig } from '../../support/pool/poolRig.ts';
import { failureTypeOf } from '../../support/scriptedIngest.ts';

let rig: PoolRig;
beforeAll(async () => {
  rig = await startPoolRig();
});
afterAll(() => rig?.close());

const team = 'nlp';
const holderState = (handle: { query<T>(name: string): Promise<T> }) =>
  handle.query<HolderState>('holderState');

test('a lease is granted, held and given back; its device is cleared and its end recorded once', async () => {
  const pool = newPool();
  const host = await rig.startHost({ pool, devices: 1 });
  const holder = await rig.startHolder({ pool, team, devices: 1 });
  await expect.poll(async () => (await holderState(holder)).leases).toHaveLength(1);
  const during = await rig.describe(pool);
  expect(during.leases).toMatchObject([{ team, holder: { workflowId: holder.workflowId } }]);
  const view = await host.view();
  expect(view.leases).toMatchObject([{ devices: [{ deviceId: host.devices[0]?.deviceId }] }]);
  await holder.signal('goOn');
  const leaseId = await holder.result();
  expect(host.cleared.map((lease) => lease.leaseId)).toEqual([leaseId]);
  await expect.poll(async () => (await rig.describe(pool)).devices[0]?.state).toBe('free');
  await expect.poll(() => host.recorded.map((record) => record.leaseId)).toEqual([leaseId]);
  expect(host.recorded[0]).toMatchObject({ end: 'released', team, pool });
});

test('a gang is lent at once or not at all', async () => {
  const pool = newPool();
  await rig.startHost({ pool, devices: 4 });
  const one = await rig.startHolder({ pool, team, devices: 1 });
  await expect.poll(async () => (await holderState(one)).leases).toHaveLength(1);
  const gang = await rig.startHolder({ pool, team, devices: 4 });
  await expect.poll(async () => (await rig.describe(pool)).queue).toHaveLength(1);
  expect((await rig.describe(pool)).leases).toHaveLength(1);
  const { requestId } = (await holderState(gang)).waits[0]!;
  const why = await rig.pool(pool).query<{ text: string }, [string]>('explainRequest', requestId);
  expect(why.text).not.toBe('');
  await one.signal('goOn');
  await expect.poll(async () => (await holderState(gang)).leases[0]?.devices).toHaveLength(4);
  await gang.signal('goOn');
  await gang.result();
});

test('several leases of one workflow at a time, each with devices of its own', async () => {
  const pool = newPool();
  await rig.startHost({ pool, devices: 4 });
  const specs = Array.from({ length: 6 }, () => ({ pool, team, devices: 1 }));
  const leases: Lease[] = await rig.client.workflow.execute('manyLeasesWorkflow', {
    taskQueue: rig.taskQueue,
    workflowId: `many/${randomUUID()}`,
    args: [specs],
  });
  expect(new Set(leases.map(({ leaseId }) => leaseId)).size).toBe(6);
  const epochs = leases.flatMap(({ devices }) => devices.map((d) => `${d.deviceId} ${d.epoch}`));
  expect(new Set(epochs).size).toBe(6);
  await expect.poll(async () => (await rig.describe(pool)).totals.released).toBe(6);
});

test('a pool that does not run is a typed failure that says what to do', async () => {
  const pool = newPool();
  const holder = await rig.startHolder({ pool, team, devices: 1 });
  expect(await failureTypeOf(holder)).toBe('StackUnavailable');
});

test('a pool that starts a little later is waited for', async () => {
  const pool = newPool();
  const holder = await rig.startHolder({ pool, team, devices: 1 });
  await expect.poll(async () => (await holderState(holder)).waits).toHaveLength(1);
  await rig.startHost({ pool, devices: 1 });
  await holder.signal('goOn');
  await holder.result();
});

test('what can never be granted is refused at once', async () => {
  const pool = newPool();
  await rig.startHost({ pool, devices: 2 });
  const tooMany = await rig.startHolder({ pool, team, devices: 3 });
  expect(await failureTypeOf(tooMany)).toBe('NoSuchDevice');
  const absurd = await rig.startHolder({ pool, team, devices: -1 });
  expect(await failureTypeOf(absurd)).toBe('InvalidRequest');
});

test('cancelled while it waits, a workflow withdraws its request', async () => {
  const pool = newPool();
  await rig.startHost({ pool, devices: 1 });
  const first = await rig.startHolder({ pool, team, devices: 1 });
  await expect.poll(async () => (await holderState(first)).leases).toHaveLength(1);
  const second = await rig.startHolder({ pool, team, devices: 1 });
  await expect.poll(async () => (await rig.describe(pool)).queue).toHaveLength(1);
  await second.cancel();
  expect(await failureTypeOf(second)).toBe('CancelledFailure');
  await expect.poll(async () => (await rig.describe(pool)).queue).toHaveLength(0);
  await first.signal('goOn');
  await first.result();
});

test('cancelled while it holds, a workflow gives its devices back', async () => {
  const pool = newPool();
  const host = await rig.startHost({ pool, devices: 1 });
  const holder = await rig.startHolder({ pool, team, devices: 1 });
  await expect.poll(async () => (await holderState(holder)).leases).toHaveLength(1);
  await holder.cancel();
  expect(await failureTypeOf(holder)).toBe('CancelledFailure');
  expect(host.cleared).toHaveLength(1);
  await expect.poll(async () => (await rig.describe(pool)).devices[0]?.state).toBe('free');
});

test('a request that comes twice is granted once', async () => {
  const pool = newPool();
  await rig.startHost({ pool, devices: 2 });
  const holder = await rig.startHolder({ pool, team, devices: 1 });
  await expect.poll(async () => (await holderState(holder)).leases).toHaveLength(1);
  const { requestId } = (await holderState(holder)).waits[0]!;
  const { runId } = await holder.describe();
  const request = {
    ...holdInput(pool, { requestId }).request,
    holder: { workflowId: holder.workflowId, runId },
  };
  await rig.pool(pool).signal(poolSignals.request, request);
  await rig.pool(pool).signal(poolSignals.request, request);
  await holder.signal('goOn');
  await holder.result();
  await expect.poll(async () => (await rig.describe(pool)).totals.released).toBe(1);
  expect((await rig.describe(pool)).totals.granted).toBe(1);
  expect((await holderState(holder)).leases).toHaveLength(1);
});
