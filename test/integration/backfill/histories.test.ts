import { afterAll, beforeAll, expect, test } from 'vitest';
import { failure } from '../../../workflows/contracts/errors.ts';
import {
  type BackfillRig,
  type BackfillRigInput,
  runScriptedBackfill,
} from '../../support/backfill/runScriptedBackfill.ts';
import type { BackfillScript } from '../../support/backfill/scriptedBackfill.ts';
import { createGate, whileBeating } from '../../support/backfill/steering.ts';
import { recordHistory } from '../../support/histories.ts';
import { failureTypeOf, type WorkflowServer } from '../../support/scriptedIngest.ts';
import { bundleWorkflows, startTemporal } from '../../support/temporal.ts';

const isRecording = Boolean(process.env.BERTH_RECORD_HISTORIES);

let on: WorkflowServer;
beforeAll(async () => {
  if (!isRecording) return;
  const [server, workflowBundle] = await Promise.all([startTemporal(), bundleWorkflows()]);
  on = { server, workflowBundle };
});
afterAll(() => on?.server.teardown());

const backfill = (
  script: BackfillScript,
  body: (rig: BackfillRig) => Promise<void>,
  input: BackfillRigInput = {},
) => runScriptedBackfill(on, script, body, input);

/** Keeps the last run of a workflow, or its first. */
async function record(name: string, workflowId: string, run: 'first' | 'last' = 'last') {
  const { raw } = await on.server.client.workflow.getHandle(workflowId).describe();
  const { execution, firstRunId } = raw.workflowExecutionInfo!;
  const runId = run === 'first' ? firstRunId! : execution!.runId!;
  await recordHistory(on.server.address, `${name}.json`, { workflowId, runId });
}

const partition = ({ handle }: BackfillRig, index: number) =>
  `${handle.workflowId}/partition-${index}`;

test.runIf(isRecording)('a backfill that meets all that can be got over', async () => {
  const begun = createGate();
  const go = createGate();
  const rig: { current?: BackfillRig } = {};
  const script: BackfillScript = {
    ...{ partitions: 3, pages: 4, rounds: [1] },
    before: async ({ name, at, call }) => {
      if (name === 'embedPage' && at === '0.0') {
        begun.open();
        await whileBeating(go.opened);
      }
      if (name === 'embedPage' && call === 5) throw failure('LeaseFenced', 'epoch 1 is not live');
      if (name === 'writePage' && call === 9) rig.current?.run.files.clear();
    },
  };
  await backfill(script, async (current) => {
    rig.current = current;
    const { handle, hostId, taskQueue } = current;
    await begun.opened;
    await handle.executeUpdate('controlBackfill', { args: [{ paused: true }] });
    go.open();
    await handle.executeUpdate('controlBackfill', {
      args: [{ paused: false, recordsPerSecond: 200, concurrency: 3 }],
    });
    await handle.result();
    await record('backfillEmbeddingsWorkflow-filled', handle.workflowId);
    for (const index of [0, 1, 3]) {
      await record(`backfillPartitionWorkflow-${index}`, partition(current, index));
    }
    const store = { kind: 'chroma', url: null };
    const search = {
      ...{
        store,
        collection: 'docs',
        query: 'q',
        filter: null,
        hybrid: false,
        tenant: null,
        top: 5,
      },
    };
    const inputs = {
      listCollectionsWorkflow: { hostId, stores: [store] },
      searchCollectionWorkflow: { hostId, search },
      rollbackCollectionWorkflow: { hostId, store, collection: 'docs' },
    };
    for (const [type, input] of Object.entries(inputs)) {
      const workflowId = `${type}/${hostId}`;
      await on.server.client.workflow.execute(type, { taskQueue, workflowId, args: [input] });
      await record(type, workflowId);
    }
  });
});

test.runIf(isRecording)('a backfill whose runs hand over', async () => {
  await backfill(
    { partitions: 6, pages: 6 },
    async (rig) => {
      await rig.handle.result();
      await record('backfillEmbeddingsWorkflow-handedOver', rig.handle.workflowId, 'first');
      await record('backfillEmbeddingsWorkflow-tookOver', rig.handle.workflowId);
      await record('backfillPartitionWorkflow-handedOver', partition(rig, 0), 'first');
      await record('backfillPartitionWorkflow-tookOver', partition(rig, 0));
    },
    { maxHistoryLength: 45 },
  );
});

test.runIf(isRecording)('backfills that end early', async () => {
  await backfill(
    { partitions: 2 },
    async ({ handle }) => {
      await handle.result();
      await record('backfillEmbeddingsWorkflow-dryRun', handle.workflowId);
    },
    { dryRun: true },
  );
  const begun = createGate();
  const block: BackfillScript = {
    partitions: 3,
    before: async ({ name, call }) => {
      if (name !== 'embedPage' || call < 3) return;
      begun.open();
      await whileBeating();
    },
  };
  await backfill(block, async (rig) => {
    await begun.opened;
    await rig.handle.cancel();
    expect(await failureTypeOf(rig.handle)).toBe('CancelledFailure');
    await record('backfillEmbeddingsWorkflow-cancelled', rig.handle.workflowId);
    await record('backfillPartitionWorkflow-cancelled', partition(rig, 0));
  });
  const refuse: BackfillScript = {
    partitions: 1,
    before: ({ name, at }) => {
      if (name === 'switchAlias' && at.endsWith('6333 docs-v2'))
        throw failure('StoreRejected', 'no such alias');
    },
  };
  await backfill(refuse, async (rig) => {
    expect(await failureTypeOf(rig.handle)).toBe('StoreRejected');
    await record('backfillEmbeddingsWorkflow-switchedBack', rig.handle.workflowId);
  });
  await backfill(
    { partitions: 3, failedAPage: 5 },
    async (rig) => {
      expect(await failureTypeOf(rig.handle)).toBe('TooManyFailures');
      await record('backfillEmbeddingsWorkflow-tooManyFailures', rig.handle.workflowId);
    },
    { request: { maxFailures: 5 } },
  );
});
