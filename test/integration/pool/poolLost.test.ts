import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HoldLeaseState } from '../../../workflows/contracts/pool/hold.ts';
import {
  holdLeaseWorkflowId,
  poolSignals,
  poolUpdates,
} from '../../../workflows/contracts/pool/messages.ts';
import { holdInput } from '../../support/pool/holdInput.ts';
import { newPool, type PoolRig, startPoolRig } from '../../support/pool/poolRig.ts';

let rig: PoolRig;
beforeAll(async () => {
  rig = await startPoolRig();
});
afterAll(() => rig?.close());

test('a lease of a pool that has lost its memory is taken up, although its name is used again', async () => {
  const pool = newPool();
  const host = await rig.startHost({ pool, devices: 1, start: { config: { graceMs: 0 } } });
  const [device] = host.devices;
  const input = holdInput(pool, { restartable: true });
  const { requestId } = input.request;
  const workflowId = holdLeaseWorkflowId(pool, requestId);
  const args = [input];
  const hold = await rig.client.workflow.start('holdLeaseWorkflow', {
    ...{ taskQueue: rig.taskQueue, workflowId, args },
  });
  const state = () => hold.query<HoldLeaseState>('holdState');
  await expect.poll(async () => (await state()).lease?.leaseId).toBe(requestId);
  const drain = { target: device!.deviceId, drain: true, revoke: true };
  await rig.pool(pool).executeUpdate(poolUpdates.drain, { args: [drain] });
  await expect.poll(async () => (await state()).phase).toBe('waiting');
  await rig.pool(pool).terminate();
  await host.report({ epochs: { [device!.deviceId]: 5 } });
  // As the hold itself does once a minute while it waits.
  const holder = { workflowId, runId: hold.firstExecutionRunId };
  await rig.pool(pool).signal(poolSignals.request, { ...input.request, holder });
  await expect
    .poll(state)
    .toMatchObject({ phase: 'held', lease: { leaseId: requestId, devices: [{ epoch: 6 }] } });
});
