import { Context } from '@temporalio/activity';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BackfillResult } from '../../../workflows/contracts/backfill/progress.ts';
import { failure } from '../../../workflows/contracts/errors.ts';
import { backfillRequest } from '../../support/backfill/backfillRequest.ts';
import {
  type BackfillRig,
  type BackfillRigInput,
  expectFree,
  runScriptedBackfill,
} from '../../support/backfill/runScriptedBackfill.ts';
import type { BackfillScript } from '../../support/backfill/scriptedBackfill.ts';
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

const one = { stores: [{ kind: 'chroma' as const, url: null }] };

test.concurrent('a long job and its partitions continue as new, and count exactly', async () => {
  await backfill(
    { partitions: 10, pages: 6 },
    async (rig) => {
      const { run, handle } = rig;
      const result: BackfillResult = await handle.result();
      expect(result).toMatchObject({ records: 600, chunks: 1200, embedded: 900, reused: 300 });
      expect(result.stores[0]?.written).toBe(1200);
      const pages = run.calls.filter((call) => call.startsWith('writePage'));
      expect(pages).toHaveLength(60);
      expect(new Set(pages).size).toBe(60);
      for (const workflowId of [handle.workflowId, `${handle.workflowId}/partition-3`]) {
        const { raw } = await on.server.client.workflow.getHandle(workflowId).describe();
        const info = raw.workflowExecutionInfo;
        expect(info?.firstRunId).not.toBe(info?.execution?.runId);
      }
      await expectFree(rig);
    },
    {
      request: {
        ...one,
        between: { fromMinute: 0, toMinute: 0 },
        deadline: new Date(Date.now() + 24 * 60 * 60_000).toISOString(),
      },
      maxHistoryLength: 45,
    },
  );
});

test.concurrent('what changed meanwhile is caught up with before the switch, until nothing did', async () => {
  await backfill({ partitions: 2, rounds: [2, 1] }, async ({ run, handle }) => {
    expect(await handle.result()).toMatchObject({ records: 100 });
    expect(run.calls.filter((call) => call.startsWith('planCatchUp'))).toEqual([
      'planCatchUp 1',
      'planCatchUp 2',
      'planCatchUp 3',
    ]);
    expect(run.embeds.map(({ partition }) => partition.index).sort()).toEqual(
      [0, 1, 2, 3, 4].flatMap((index) => [index, index]),
    );
    const last = run.calls.lastIndexOf('closePartition 4');
    expect(last).toBeLessThan(run.calls.indexOf('finishLoad chroma'));
  });
});

test.concurrent('a source that never stands still is taken as it is after three rounds', async () => {
  await backfill({ partitions: 1, rounds: [1, 1, 1, 1, 1] }, async ({ run, handle }) => {
    expect(await handle.result()).toMatchObject({ records: 80 });
    expect(run.calls.filter((call) => call.startsWith('planCatchUp'))).toHaveLength(3);
  });
});

test.concurrent('in place nothing is switched or dropped, and what is gone is deleted once all is verified', async () => {
  await backfill(
    { partitions: 1, inPlace: true },
    async ({ run, handle }) => {
      const result: BackfillResult = await handle.result();
      expect(result.stores[0]).toMatchObject({
        inPlace: true,
        physical: 'docs-v1',
        missingDeleted: 3,
      });
      const after = run.calls.slice(run.calls.findIndex((call) => call.startsWith('verify')));
      expect(after.map((call) => call.split(' ')[0])).toEqual([
        ...['verifyCollection', 'verifyCollection', 'deleteMissing', 'deleteMissing'],
        'finishBackfill',
      ]);
    },
    { request: { deleteMissing: true } },
  );
});

test.concurrent('a store that cannot be tidied after the switch is named in the result', async () => {
  const script: BackfillScript = {
    partitions: 1,
    before: ({ name, call }) => {
      if (name === 'dropOldCollections' && call === 1) {
        throw failure('CredentialsRefused', 'chroma: its key may not drop');
      }
    },
  };
  await backfill(script, async ({ run, handle }) => {
    const result: BackfillResult = await handle.result();
    expect(result.notices).toEqual([
      expect.stringMatching(/^chroma: switched, .*its key may not drop/),
    ]);
    const dropped = run.calls.filter((call) => call.startsWith('dropOldCollections'));
    expect(dropped.length).toBe(2);
  });
});

test.concurrent('a recall that could not be measured is named in the result', async () => {
  const script = { partitions: 1, unmeasured: 'recall was not measured: too many points' };
  await backfill(script, async ({ handle }) => {
    const { notices }: BackfillResult = await handle.result();
    expect(notices).toEqual([
      'chroma: recall was not measured: too many points',
      expect.stringMatching(/^qdrant=.*: recall was not measured: too many points$/),
    ]);
  });
});

test.concurrent('a replay is one pass in place: it catches up with nothing and deletes nothing', async () => {
  await backfill(
    { partitions: 1, inPlace: true, rounds: [1] },
    async ({ run, handle }) => {
      expect(await handle.result()).toMatchObject({ records: 20 });
      const names = new Set(run.calls.map((call) => call.split(' ')[0]));
      for (const name of ['planCatchUp', 'deleteMissing', 'switchAlias', 'dropOldCollections']) {
        expect(names).not.toContain(name);
      }
    },
    { request: { deleteMissing: true, replayOf: '0'.repeat(32) } },
  );
});

test.concurrent('known items are embedded before anything is verified', async () => {
  const { verification } = backfillRequest();
  await backfill(
    { partitions: 1 },
    async ({ run, handle }) => {
      await handle.result();
      const verified = run.calls.findIndex((call) => call.startsWith('verifyCollection'));
      expect(run.calls.indexOf('embedQueries')).toBe(verified - 1);
    },
    { request: { ...one, verification: { ...verification, knownItems: '/corpus/known.jsonl' } } },
  );
});

test.concurrent('with an endpoint no device is asked for, and pages are embedded on the host', async () => {
  const queues = new Set<string>();
  const script: BackfillScript = {
    partitions: 2,
    before: ({ name }) => {
      if (name === 'embedPage') queues.add(Context.current().info.taskQueue);
    },
  };
  await backfill(
    script,
    async (rig) => {
      await rig.handle.result();
      expect([...queues]).toEqual([`host.${rig.hostId}`]);
      expect((await rig.describePool()).totals.granted).toBe(0);
      expect(rig.run.calls).not.toContain('warmModel');
      expect(rig.run.embeds[0]).toMatchObject({ lease: null, modelPath: null, artifact: null });
    },
    { request: { embedder: { kind: 'endpoint', url: 'http://127.0.0.1:9/v1', model: 'm' } } },
  );
});

test.concurrent('collections are listed, searched and rolled back to the version before', async () => {
  await backfill({ partitions: 1 }, async ({ run, handle, hostId, taskQueue }) => {
    await handle.result();
    const store = { kind: 'chroma' as const, url: null };
    const { workflow } = on.server.client;
    const execute = (type: string, input: object) =>
      workflow.execute(type, { taskQueue, workflowId: `${type}/${hostId}`, args: [input] });
    expect(await execute('listCollectionsWorkflow', { hostId, stores: [store] })).toMatchObject([
      { collection: 'docs', current: 'docs-v2' },
    ]);
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
    expect(await execute('searchCollectionWorkflow', { hostId, search })).toMatchObject({
      hits: [],
    });
    const rollback = { hostId, store, collection: 'docs' };
    const rolledBack = await execute('rollbackCollectionWorkflow', rollback);
    expect(rolledBack).toEqual({
      ...{ collection: 'docs', store: 'chroma', from: 'docs-v2', to: 'docs-v1' },
    });
    expect(run.aliases.get('chroma')).toBe('docs-v1');
    const again = await workflow.start('rollbackCollectionWorkflow', {
      ...{ taskQueue, workflowId: `rollback/${hostId}`, args: [rollback] },
    });
    expect(await failureTypeOf(again)).toBe('CollectionNotFound');
  });
});
