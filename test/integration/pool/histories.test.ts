import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HoldLeaseState } from '../../../workflows/contracts/pool/hold.ts';
import { poolUpdates } from '../../../workflows/contracts/pool/messages.ts';
import { recordHistory } from '../../support/histories.ts';
import type { HolderState } from '../../support/pool/holderWorkflows.ts';
import { holdInput } from '../../support/pool/holdInput.ts';
import { newPool, type PoolRig, startPoolRig } from '../../support/pool/poolRig.ts';

const isRecording = Boolean(process.env.BERTH_RECORD_HISTORIES);

let rig: PoolRig;
beforeAll(async () => {
  if (isRecording) rig = await startPoolRig();
});
afterAll(() => rig?.close());

const team = 'nlp';
const record = (file: string, workflowId: string, runId: string) =>
  recordHistory(rig.server.address, file, { workflowId, runId });

test.runIf(isRecording)('histories of a pool and its holders are recorded', async () => {
  const pool = newPool();
  const start = { maxHistoryEvents: 120 };
  const host = await rig.startHost({ pool, devices: 2, start });
  const drain = (on: boolean) =>
    rig.pool(pool).executeUpdate(poolUpdates.drain, {
      args: [{ target: 'cuda0', drain: on, revoke: on }],
    });
  const leases = async (holder: WorkflowHandle) =>
    (await holder.query<HolderState>('holderState')).leases.length;
  const { runId: firstRun } = await rig.pool(pool).describe();

  // Revoked, queued again, granted again; another one revoked for good; one refused.
  const moved = await rig.startHolder({ pool, team, devices: 2, restartable: true });
  await expect.poll(() => leases(moved)).toBe(1);
  await drain(true);
  await expect.poll(async () => (await rig.describe(pool)).queue).toHaveLength(1);
  await drain(false);
  await expect.poll(() => leases(moved)).toBe(2);
  await moved.signal('goOn');
  await moved.result();
  const lost = await rig.startHolder({ pool, team, devices: 1 });
  await expect.poll(() => leases(lost)).toBe(1);
  await drain(true);
  await lost.result().catch(() => undefined);
  await drain(false);
  const refused = await rig.startHolder({ pool, team, devices: 3 });
  await refused.result().catch(() => undefined);
  for (const [name, handle] of Object.entries({ moved, lost, refused })) {
    const { runId } = await handle.describe();
    await record(`users/holderWorkflow-${name}.json`, handle.workflowId, runId);
  }

  // Commands: one that ends, one that is cancelled while another waits and withdraws.
  const hold = (name: string) =>
    rig.client.workflow.start('holdLeaseWorkflow', {
      taskQueue: rig.taskQueue,
      workflowId: `lease/${name}-${randomUUID()}`,
      args: [holdInput(pool, { resources: { ...holdInput(pool).request.resources, devices: 2 } })],
    });
  const phase = async (handle: WorkflowHandle) =>
    (await handle.query<HoldLeaseState>('holdState')).phase;
  const finished = await hold('finished');
  await expect.poll(() => phase(finished)).toBe('held');
  const withdrawn = await hold('withdrawn');
  await expect.poll(async () => (await rig.describe(pool)).queue).toHaveLength(1);
  await withdrawn.signal('finishHold', { leaseId: null, reason: 'interrupted', cleared: [] });
  const { lease } = await finished.query<HoldLeaseState>('holdState');
  const cleared = lease!.devices.map(({ deviceId, epoch }) => ({ deviceId, epoch }));
  const reason = 'exit code 0';
  await finished.signal('finishHold', { leaseId: lease!.leaseId, reason, cleared });
  await Promise.all([withdrawn.result(), finished.result()]);
  const cancelled = await hold('cancelled');
  await expect.poll(() => phase(cancelled)).toBe('held');
  await cancelled.cancel();
  await cancelled.result().catch(() => undefined);
  await expect.poll(async () => (await host.view()).clearing).toHaveLength(2);
  await host.confirmClearing();
  for (const [name, handle] of Object.entries({ finished, withdrawn, cancelled })) {
    const { runId } = await handle.describe();
    await record(`holdLeaseWorkflow-${name}.json`, handle.workflowId, runId);
  }

  // The run that handed over, and the one that took over.
  await expect
    .poll(async () => {
      await host.report();
      return (await rig.pool(pool).describe()).runId;
    })
    .not.toBe(firstRun);
  const { runId } = await rig.pool(pool).describe();
  const last = await rig.startHolder({ pool, team, devices: 1 });
  await last.signal('goOn');
  await last.result();
  await record('gpuPoolWorkflow-handedOver.json', rig.pool(pool).workflowId, firstRun);
  await record('gpuPoolWorkflow-tookOver.json', rig.pool(pool).workflowId, runId);
});
