import { afterAll, beforeAll, expect, test } from 'vitest';
import { replayInput } from '../../../workers/client/backfill/replayBackfill.ts';
import { backfillQueries } from '../../../workflows/contracts/backfill/messages.ts';
import type { BackfillProgress } from '../../../workflows/contracts/backfill/progress.ts';
import { failure } from '../../../workflows/contracts/errors.ts';
import {
  type BackfillRig,
  type BackfillRigInput,
  runScriptedBackfill,
} from '../../support/backfill/runScriptedBackfill.ts';
import type { BackfillScript } from '../../support/backfill/scriptedBackfill.ts';
import { createGate, whileBeating } from '../../support/backfill/steering.ts';
import type { WorkflowServer } from '../../support/scriptedIngest.ts';
import { bundleWorkflows, startTemporal } from '../../support/temporal.ts';

let on: WorkflowServer;

beforeAll(async () => {
  const [server, workflowBundle] = await Promise.all([startTemporal(), bundleWorkflows()]);
  on = { server, workflowBundle };
});
afterAll(() => on?.server.teardown());

const backfill = <T>(
  script: BackfillScript,
  body: (rig: BackfillRig) => Promise<T>,
  input: BackfillRigInput = {},
) => runScriptedBackfill(on, script, body, input);

function replayOf({ handle, hostId }: BackfillRig) {
  const { client } = on.server;
  const session = {
    ...{ client, hostId, namespace: client.options.namespace, webUi: undefined },
    outage: async () => undefined,
    notify: () => undefined,
    close: async () => undefined,
  };
  return replayInput(session, handle.workflowId);
}

const progressOf = ({ handle }: BackfillRig) =>
  handle.query<BackfillProgress>(backfillQueries.progress);

test.concurrent('a job that ended while a partition had failures is replayed', async () => {
  const script: BackfillScript = {
    partitions: 1,
    failedAPage: 2,
    before: ({ name, at }) => {
      if (name === 'embedPage' && at === '0.1') throw failure('CredentialsRefused', 'no such key');
    },
  };
  await backfill(script, async (rig) => {
    await rig.handle.result().catch(() => undefined);
    const { jobId } = await progressOf(rig);
    const { request, dryRun } = await replayOf(rig);
    expect(dryRun).toBe(false);
    expect(request).toMatchObject({ replayOf: jobId, rebuild: false, deleteMissing: false });
  });
});

test.concurrent('what partitions said before the job failed is in its counts', async () => {
  const script: BackfillScript = { partitions: 3, failedAPage: 2 };
  await backfill(
    script,
    async (rig) => {
      await rig.handle.result().catch(() => undefined);
      const { counts } = await progressOf(rig);
      expect(counts.failed.malformed).toBeGreaterThan(3);
    },
    { request: { maxFailures: 3 } },
  );
});

test.concurrent('a replay that was cancelled is replayed whole, one that is done for what is still dead', async () => {
  const filling = createGate();
  const script: BackfillScript = {
    partitions: 1,
    inPlace: true,
    before: async ({ name }) => {
      if (name !== 'embedPage') return;
      filling.open();
      await whileBeating();
    },
  };
  const request = { replayOf: 'f'.repeat(32) };
  await backfill(
    script,
    async (rig) => {
      await filling.opened;
      await expect(replayOf(rig)).rejects.toThrow('is still running');
      await rig.handle.cancel();
      await rig.handle.result().catch(() => undefined);
      expect((await replayOf(rig)).request.replayOf).toBe(request.replayOf);
    },
    { request },
  );
  await backfill(
    { partitions: 1, inPlace: true, failedAPage: 1 },
    async (rig) => {
      await rig.handle.result();
      const { jobId } = await progressOf(rig);
      expect((await replayOf(rig)).request.replayOf).toBe(jobId);
    },
    { request: { ...request, maxFailures: 100 } },
  );
});
