import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WritePageInput } from '../../../workflows/contracts/backfill/pages.ts';
import type {
  BackfillProgress,
  BackfillResult,
} from '../../../workflows/contracts/backfill/progress.ts';
import { failure } from '../../../workflows/contracts/errors.ts';
import {
  type BackfillRig,
  type BackfillRigInput,
  expectFree,
  runScriptedBackfill,
} from '../../support/backfill/runScriptedBackfill.ts';
import { type BackfillScript, scriptedArtifact } from '../../support/backfill/scriptedBackfill.ts';
import { failureTypeOf } from '../../support/scriptedIngest.ts';
import { bundleWorkflows, startTemporal } from '../../support/temporal.ts';

let server: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;

beforeAll(async () => {
  [server, workflowBundle] = await Promise.all([startTemporal(), bundleWorkflows()]);
});
afterAll(() => server?.teardown());

const backfill = <T>(
  script: BackfillScript,
  body: (rig: BackfillRig) => Promise<T>,
  input: BackfillRigInput = {},
) => runScriptedBackfill({ server, workflowBundle }, script, body, input);

const qdrant = 'qdrant=http://127.0.0.1:6333';

test('fills two stores, verifies both before the first switch, and counts exactly', async () => {
  const targets: unknown[] = [];
  const script: BackfillScript = {
    partitions: 3,
    notice: 'two files of one name',
    before: ({ name, input }) => {
      if (name === 'writePage') targets.push((input as WritePageInput).target);
    },
  };
  await backfill(script, async (rig) => {
    const { run, handle } = rig;
    const result: BackfillResult = await handle.result();
    expect(result.notices).toEqual(['two files of one name', 'two files of one name']);
    // Not with every page.
    expect(JSON.stringify(targets)).not.toContain('name');
    expect(result).toMatchObject({
      ...{ workflowId: handle.workflowId, collection: 'docs', records: 60, chunks: 120 },
      ...{ tokens: 600, embedded: 90, reused: 30, failed: 0, deadLetters: null, estimate: null },
    });
    const shared = { physical: 'docs-v2', previous: 'docs-v1', inPlace: false, recall: 0.99 };
    const counts = { points: 40, written: 120, unchanged: 0, removed: 0, missingDeleted: 0 };
    expect(result.stores).toEqual([
      { store: 'chroma', ...shared, ...counts },
      { store: qdrant, ...shared, ...counts },
    ]);
    const place = (call: string) => run.calls.indexOf(call);
    const verified = Math.max(
      place('verifyCollection chroma'),
      place(`verifyCollection ${qdrant}`),
    );
    const loaded = Math.max(place('finishLoad chroma'), place(`finishLoad ${qdrant}`));
    expect(loaded).toBeLessThan(place('verifyCollection chroma'));
    expect(verified).toBeLessThan(place('switchAlias chroma docs-v2'));
    expect(run.calls.slice(-5)).toEqual([
      'switchAlias chroma docs-v2',
      `switchAlias ${qdrant} docs-v2`,
      'dropOldCollections chroma',
      `dropOldCollections ${qdrant}`,
      'finishBackfill',
    ]);
    expect(run.calls).not.toContain('embedQueries');
    const embeds = run.calls.filter((call) => call.startsWith('embedPage'));
    expect(new Set(embeds)).toEqual(
      new Set([0, 1, 2].flatMap((index) => [`embedPage ${index}.0`, `embedPage ${index}.1`])),
    );
    expect(embeds).toHaveLength(6);
    expect(run.embeds[0]).toMatchObject({
      modelPath: '/dev/shm/minilm',
      artifact: scriptedArtifact,
    });
    expect(run.embeds[0]?.lease?.devices).toHaveLength(1);
    await expectFree(rig);
    const progress: BackfillProgress = await handle.query('backfillProgress');
    expect(progress).toMatchObject({
      ...{ stage: 'done', total: 60, outsideWindow: false },
      partitions: { done: 3, running: 0, total: 3 },
      stores: [{ switched: true }, { switched: true }],
    });
  });
});

test('a dry run plans and estimates, and writes nothing', async () => {
  await backfill(
    { partitions: 3 },
    async ({ run, handle }) => {
      const result: BackfillResult = await handle.result();
      expect(result.estimate).toMatchObject({ records: 60, chunks: 120, toEmbed: 120 });
      // What the source unpacked to be read goes again.
      expect(run.calls).toEqual(['planBackfill', 'estimateBackfill', 'finishBackfill']);
    },
    { dryRun: true },
  );
});

test('a failed verification names store, check and numbers, and nothing is switched', async () => {
  await backfill({ partitions: 1, unverified: qdrant }, async ({ run, handle }) => {
    const error = await handle.result().catch((reason: Error) => reason);
    expect(error.cause.message).toContain(
      `${qdrant} docs-v2: count: 39 points, expected 40; nothing was switched`,
    );
    expect(await failureTypeOf(handle)).toBe('VerificationFailed');
    expect(run.calls.some((call) => call.startsWith('switchAlias'))).toBe(false);
    expect(run.collections.size).toBe(0);
    expect(run.calls.at(-1)).toBe('finishBackfill');
  });
});

test('when a later store cannot be switched, the earlier ones are switched back', async () => {
  const script: BackfillScript = {
    partitions: 1,
    before: ({ name, at }) => {
      if (name === 'switchAlias' && at === `${qdrant} docs-v2`)
        throw failure('StoreRejected', 'no such alias');
    },
  };
  await backfill(script, async ({ run, handle }) => {
    expect(await failureTypeOf(handle)).toBe('StoreRejected');
    expect(Object.fromEntries(run.aliases)).toEqual({ chroma: 'docs-v1', [qdrant]: 'docs-v1' });
    expect(run.calls.slice(-7)).toEqual([
      'switchAlias chroma docs-v2',
      `switchAlias ${qdrant} docs-v2`,
      `switchAlias ${qdrant} docs-v1`,
      'switchAlias chroma docs-v1',
      'abandonCollection chroma',
      `abandonCollection ${qdrant}`,
      'finishBackfill',
    ]);
    expect(run.collections.size).toBe(0);
  });
});

test('an alias that somebody moves meanwhile stays there, and the other stores are switched back', async () => {
  const script: BackfillScript = {
    partitions: 1,
    before: ({ name, at }) => {
      if (name === 'switchAlias' && at === 'chroma docs-v2')
        moved.run?.aliases.set(qdrant, 'docs-v0');
    },
  };
  const moved: { run?: BackfillRig['run'] } = {};
  await backfill(script, async ({ run, handle }) => {
    moved.run = run;
    expect(await failureTypeOf(handle)).toBe('VerificationFailed');
    expect(Object.fromEntries(run.aliases)).toEqual({ chroma: 'docs-v1', [qdrant]: 'docs-v0' });
    expect(run.collections.size).toBe(0);
  });
});

test('a collection that an alias may still name is not dropped', async () => {
  const script: BackfillScript = {
    partitions: 1,
    before: ({ name, at }) => {
      const fails = [`${qdrant} docs-v2`, 'chroma docs-v1'].includes(at);
      if (name === 'switchAlias' && fails) throw failure('CredentialsRefused', 'who are you');
    },
  };
  await backfill(script, async ({ run, handle }) => {
    const error = await handle.result().catch((reason: Error) => reason);
    expect((error as Error & { cause: Error }).cause.message).toMatch(
      /could not be switched \(who are you\) nor back everywhere: chroma may name docs-v2 instead of docs-v1/,
    );
    expect(run.aliases.get('chroma')).toBe('docs-v2');
    expect([...run.collections]).toEqual(['chroma docs-v2']);
  });
});
