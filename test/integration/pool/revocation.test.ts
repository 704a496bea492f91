import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DrainResult, poolUpdates } from '../../../workflows/contracts/pool/messages.ts';
import type { HolderState } from '../../support/pool/holderWorkflows.ts';
import { holdInput } from '../../support/pool/holdInput.ts';
import { newPool, type PoolRig, startPoolRig } from '../../support/pool/poolRig.ts';

let rig: PoolRig;
beforeAll(async () => {
  rig = await startPoolRig();
});
afterAll(() => rig?.close());

const team = 'nlp';
const state = (holder: { query<T>(name: string): Promise<T> }) =>
  holder.query<HolderState>('holderState');

const drain = (pool: string, target: string, drained = true) =>
  rig.pool(pool).executeUpdate<DrainResult, [object]>(poolUpdates.drain, {
    args: [{ target, drain: drained, revoke: drained }],
  });

test('a revoked lease cancels the work, which saves its place, and ends as LeaseRevoked', async () => {
  const pool = newPool();
  const host = await rig.startHost({ pool, devices: 1 });
  const holder = await rig.startHolder({ pool, team, devices: 1 });
  await expect.poll(async () => (await state(holder)).leases).toHaveLength(1);
  const drained = await drain(pool, 'cuda0');
  expect(drained.devices).toMatchObject([{ draining: true, leases: 1 }]);
  await expect(holder.result()).rejects.toMatchObject({
    cause: { type: 'LeaseRevoked', message: expect.stringContaining('drained') },
  });
  expect((await state(holder)).saved).toHaveLength(1);
  expect(host.cleared).toHaveLength(1);
  await expect.poll(async () => (await rig.describe(pool)).devices[0]?.state).toBe('draining');
  await expect.poll(() => host.recorded.map(({ end }) => end)).toHaveLength(1);
});

test('a restartable lease waits for its next grant, and its work runs again', async () => {
  const pool = newPool();
  await rig.startHost({ pool, devices: 1 });
  const spec = { pool, team, devices: 1, preemptible: true, restartable: true };
  const holder = await rig.startHolder(spec);
  await expect.poll(async () => (await state(holder)).leases).toHaveLength(1);
  await drain(pool, 'cuda0');
  await expect.poll(async () => (await state(holder)).waits).toHaveLength(2);
  expect((await state(holder)).waits[1]).toMatchObject({ revoked: { requeued: true } });
  await drain(pool, 'cuda0', false);
  await expect.poll(async () => (await state(holder)).leases).toHaveLength(2);
  const [first, second] = (await state(holder)).leases;
  expect(second?.leaseId).toBe(`${first?.leaseId}.2`);
  expect(second?.devices[0]?.epoch).toBeGreaterThan(first?.devices[0]?.epoch ?? 0);
  await holder.signal('goOn');
  await holder.result();
  await expect.poll(async () => (await rig.describe(pool)).leases).toEqual([]);
  expect((await rig.describe(pool)).queue).toEqual([]);
});

test('cancelled between two grants, a restartable workflow withdraws', async () => {
  const pool = newPool();
  await rig.startHost({ pool, devices: 1 });
  const spec = { pool, team, devices: 1, preemptible: true, restartable: true };
  const holder = await rig.startHolder(spec);
  await expect.poll(async () => (await state(holder)).leases).toHaveLength(1);
  await drain(pool, 'cuda0');
  await expect.poll(async () => (await rig.describe(pool)).queue).toHaveLength(1);
  await holder.cancel();
  await expect(holder.result()).rejects.toThrow();
  await expect.poll(async () => (await rig.describe(pool)).queue).toEqual([]);
});

test('work that goes on past its grace loses the lease; the host clears the device', async () => {
  const pool = newPool();
  const host = await rig.startHost({ pool, devices: 1, start: { config: { graceMs: 300 } } });
  const held = await rig.client.workflow.start('holdLeaseWorkflow', {
    taskQueue: rig.taskQueue,
    workflowId: `lease/${pool}`,
    args: [holdInput(pool)],
  });
  await expect.poll(async () => (await rig.describe(pool)).leases).toHaveLength(1);
  await drain(pool, 'cuda0');
  await expect.poll(async () => (await host.view()).clearing).toHaveLength(1);
  expect((await rig.describe(pool)).leases).toEqual([]);
  await host.confirmClearing();
  await expect.poll(async () => (await rig.describe(pool)).devices[0]?.state).toBe('draining');
  const message = { leaseId: null, reason: 'killed', cleared: [] };
  await held.signal('finishHold', message);
  expect(await held.result()).toMatchObject({ grants: 1, reason: 'killed' });
});
