import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type {
  FinishHoldMessage,
  HoldLeaseInput,
  HoldLeaseState,
} from '../../../workflows/contracts/pool/hold.ts';
import { holdLeaseWorkflowId, poolUpdates } from '../../../workflows/contracts/pool/messages.ts';
import { wholeDevices } from '../../../workflows/contracts/pool/requests.ts';
import { holdInput } from '../../support/pool/holdInput.ts';
import { newPool, type PoolRig, startPoolRig } from '../../support/pool/poolRig.ts';
import { failureTypeOf } from '../../support/scriptedIngest.ts';

let rig: PoolRig;
beforeAll(async () => {
  rig = await startPoolRig();
});
afterAll(() => rig?.close());

const start = (input: HoldLeaseInput): Promise<WorkflowHandle> =>
  rig.client.workflow.start('holdLeaseWorkflow', {
    taskQueue: rig.taskQueue,
    workflowId: holdLeaseWorkflowId(input.pool, input.request.requestId),
    args: [input],
  });
const stateOf = (hold: WorkflowHandle) => hold.query<HoldLeaseState>('holdState');
const phaseOf = async (hold: WorkflowHandle) => (await stateOf(hold)).phase;
const finish = (hold: WorkflowHandle, message: FinishHoldMessage) =>
  hold.signal('finishHold', message);

test('holds a fraction until the command has ended, and says for how long', async () => {
  const pool = newPool();
  await rig.startHost({ pool, devices: 1 });
  const resources = { ...wholeDevices(1), milli: 250, memoryMib: 10_000 };
  const hold = await start(holdInput(pool, { resources }));
  await expect.poll(() => phaseOf(hold)).toBe('held');
  const { lease, grants } = await stateOf(hold);
  expect(grants).toBe(1);
  expect(lease?.devices).toMatchObject([{ milli: 250, memoryMib: 10_000 }]);
  expect((await rig.describe(pool)).devices[0]?.state).toBe('shared');
  await finish(hold, {
    leaseId: lease!.leaseId,
    reason: 'exit code 0',
    cleared: lease!.devices.map(({ deviceId, epoch }) => ({ deviceId, epoch })),
  });
  expect(await hold.result()).toMatchObject({ grants: 1, reason: 'exit code 0' });
  await expect.poll(async () => (await rig.describe(pool)).devices[0]?.state).toBe('free');
});

test('a command that ends before it is granted withdraws', async () => {
  const pool = newPool();
  await rig.startHost({ pool, devices: 1 });
  const first = await start(holdInput(pool));
  await expect.poll(() => phaseOf(first)).toBe('held');
  const second = await start(holdInput(pool));
  await expect.poll(async () => (await rig.describe(pool)).queue).toHaveLength(1);
  expect(await phaseOf(second)).toBe('waiting');
  await finish(second, { leaseId: null, reason: 'interrupted', cleared: [] });
  expect(await second.result()).toMatchObject({ grants: 0, heldSeconds: 0 });
  await expect.poll(async () => (await rig.describe(pool)).queue).toEqual([]);
});

test('cancelled, it gives the lease back; the host still has to end the command', async () => {
  const pool = newPool();
  const host = await rig.startHost({ pool, devices: 1 });
  const hold = await start(holdInput(pool));
  await expect.poll(() => phaseOf(hold)).toBe('held');
  await hold.cancel();
  expect(await failureTypeOf(hold)).toBe('CancelledFailure');
  await expect.poll(async () => (await host.view()).clearing).toHaveLength(1);
  expect((await host.view()).leases).toEqual([]);
});

test('what can never be granted ends it with the refusal', async () => {
  const pool = newPool();
  await rig.startHost({ pool, devices: 1 });
  const hold = await start(holdInput(pool, { resources: wholeDevices(9) }));
  expect(await failureTypeOf(hold)).toBe('NoSuchDevice');
  expect(await stateOf(hold)).toMatchObject({
    phase: 'ended',
    refused: { type: 'NoSuchDevice' },
  });
});

test('a restartable command that ends in its grace goes on under the next grant', async () => {
  const pool = newPool();
  await rig.startHost({ pool, devices: 1 });
  const hold = await start(holdInput(pool, { preemptible: true, restartable: true }));
  await expect.poll(() => phaseOf(hold)).toBe('held');
  const { lease } = await stateOf(hold);
  const drain = (on: boolean) =>
    rig.pool(pool).executeUpdate(poolUpdates.drain, {
      args: [{ target: 'cuda0', drain: on, revoke: on }],
    });
  await drain(true);
  await expect.poll(() => phaseOf(hold)).toBe('revoking');
  const cleared = lease!.devices.map(({ deviceId, epoch }) => ({ deviceId, epoch }));
  await finish(hold, { leaseId: lease!.leaseId, reason: 'SIGTERM', cleared, again: true });
  await expect.poll(() => phaseOf(hold)).toBe('waiting');
  await expect.poll(async () => (await rig.describe(pool)).queue).toHaveLength(1);
  await drain(false);
  await expect.poll(() => phaseOf(hold)).toBe('held');
  const again = await stateOf(hold);
  expect(again.grants).toBe(2);
  expect(again.lease?.leaseId).toBe(`${lease!.leaseId}.2`);
  await finish(hold, { leaseId: again.lease!.leaseId, reason: 'exit code 0', cleared: [] });
  expect(await hold.result()).toMatchObject({ grants: 2 });
});
