import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../workers/client/session.ts';
import { startHold } from '../../../workers/commands/runner/holdClient.ts';
import { waitForLease } from '../../../workers/commands/runner/waitForLease.ts';
import { workflowTaskQueue } from '../../../workflows/contracts/ids.ts';
import { holdInput } from '../../support/pool/holdInput.ts';
import { newPool, type PoolRig, startPoolRig } from '../../support/pool/poolRig.ts';

/** What `berth run` hears of its hold while it waits, on a real server. */

let rig: PoolRig;
beforeAll(async () => {
  rig = await startPoolRig();
  await rig.startWorker(workflowTaskQueue);
});
afterAll(() => rig?.close());

/** One `berth run` that waits, behind another one that holds the only device. */
async function beginToWait() {
  const pool = newPool();
  const { hostId } = await rig.startHost({ pool, devices: 1 });
  const session: Session = {
    client: rig.client,
    hostId,
    namespace: rig.server.namespace ?? 'default',
    webUi: undefined,
    outage: async () => undefined,
    notify: () => undefined,
    close: async () => undefined,
  };
  const options = {
    before: [],
    noWait: false,
    onWaiting: () => undefined,
    signal: new AbortController().signal,
  };
  const first = await startHold(session, holdInput(pool));
  await waitForLease(first, options);
  const hold = await startHold(session, holdInput(pool));
  const waiting = waitForLease(hold, options);
  waiting.catch(() => undefined);
  await expect.poll(async () => (await rig.describe(pool)).queue).toHaveLength(1);
  return { workflow: rig.client.workflow.getHandle(hold.workflowId), waiting };
}

test('a hold that is terminated ends the wait in words', async () => {
  const { workflow, waiting } = await beginToWait();
  await workflow.terminate('test');
  await expect(waiting).rejects.toMatchObject({
    type: 'JobCancelled',
    message: expect.stringMatching(/^lease\/.*: terminated; [^\n]*$/),
  });
});

test('so does one that is cancelled', async () => {
  const { workflow, waiting } = await beginToWait();
  await workflow.cancel();
  await expect(waiting).rejects.toMatchObject({
    type: 'JobCancelled',
    message: expect.stringMatching(/^lease\/.*: cancelled; [^\n]*$/),
  });
});
