import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type BackfillRig,
  type BackfillRigInput,
  expectFree,
  expectNothingSwitched,
  runScriptedBackfill,
} from '../../support/backfill/runScriptedBackfill.ts';
import type { BackfillScript, ScriptedCall } from '../../support/backfill/scriptedBackfill.ts';
import { createGate, whileBeating } from '../../support/backfill/steering.ts';
import { failureTypeOf, type WorkflowServer } from '../../support/scriptedIngest.ts';
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

const qdrant = 'qdrant=http://127.0.0.1:6333';

test.concurrent.each([
  'planBackfill',
  'prepareCollections',
  'embedPage',
  'writePage',
  'closePartition',
  'planCatchUp',
  'finishLoad',
  'verifyCollection',
])('cancelled in %s, it leaves the alias alone and nothing behind', async (stage) => {
  const begun = createGate();
  const still = { running: 0 };
  const script: BackfillScript = {
    partitions: 3,
    rounds: [1],
    before: async ({ name }: ScriptedCall) => {
      if (name === 'abandonCollection' || name === 'finishBackfill') expect(still.running).toBe(0);
      if (name !== stage) return;
      still.running += 1;
      begun.open();
      await whileBeating().finally(() => {
        still.running -= 1;
      });
    },
  };
  await backfill(script, async (rig) => {
    await begun.opened;
    await rig.handle.cancel();
    expect(await failureTypeOf(rig.handle)).toBe('CancelledFailure');
    expect((await rig.handle.describe()).status.name).toBe('CANCELLED');
    expectNothingSwitched(rig);
    await expectFree(rig);
  });
});

test.concurrent('cancelled while it switches, all stores are switched: the request came too late', async () => {
  const begun = createGate();
  const cancelled = createGate();
  const script: BackfillScript = {
    partitions: 1,
    before: async ({ name }) => {
      if (name !== 'switchAlias') return;
      begun.open();
      await whileBeating(cancelled.opened);
    },
  };
  await backfill(script, async ({ run, handle }) => {
    await begun.opened;
    await handle.cancel();
    cancelled.open();
    expect(await handle.result()).toMatchObject({ records: 20 });
    expect(Object.fromEntries(run.aliases)).toEqual({ chroma: 'docs-v2', [qdrant]: 'docs-v2' });
    expect(run.calls.at(-1)).toBe('finishBackfill');
  });
});
