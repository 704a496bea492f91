import { afterAll, beforeAll, expect, test } from 'vitest';
import { failure } from '../../../workflows/contracts/errors.ts';
import {
  type BackfillRig,
  type BackfillRigInput,
  expectFree,
  expectNothingSwitched,
  runScriptedBackfill,
} from '../../support/backfill/runScriptedBackfill.ts';
import type { BackfillScript } from '../../support/backfill/scriptedBackfill.ts';
import { createGate, eventually, whileBeating } from '../../support/backfill/steering.ts';
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
const times = (calls: string[], call: string) => calls.filter((each) => each === call).length;

test.concurrent('a page that is lost is embedded again, and counted once', async () => {
  const rig: { current?: BackfillRig } = {};
  let losses = 0;
  const script: BackfillScript = {
    partitions: 1,
    pages: 3,
    before: ({ name }) => {
      if (name !== 'writePage' || losses === 2) return;
      // Shared memory loses all of it at once: the page that was embedded meanwhile, too.
      losses += 1;
      rig.current?.run.files.clear();
    },
  };
  await backfill(
    script,
    async (current) => {
      rig.current = current;
      const { run, handle } = current;
      expect(await handle.result()).toMatchObject({ records: 30, chunks: 60, embedded: 45 });
      expect(times(run.calls, 'embedPage 0.0')).toBeGreaterThanOrEqual(2);
      expect(times(run.calls, 'closePartition 0')).toBe(1);
      await expectFree(current);
    },
    { request: one },
  );
});

test.concurrent('a page that is lost again and again ends the job', async () => {
  const script: BackfillScript = {
    partitions: 1,
    pages: 1,
    before: ({ name }) => {
      if (name === 'writePage') throw failure('PageLost', 'page 0.0 is gone');
    },
  };
  await backfill(script, async (rig) => {
    expect(await failureTypeOf(rig.handle)).toBe('PageLost');
    expect(times(rig.run.calls, 'embedPage 0.0')).toBe(6);
    expectNothingSwitched(rig);
    await expectFree(rig);
  });
});

test.concurrent('a lost lease is replaced; pages that are written stay', async () => {
  const script: BackfillScript = {
    partitions: 1,
    pages: 3,
    before: ({ name, call }) => {
      if (name === 'embedPage' && call === 2) throw failure('LeaseFenced', 'epoch 1 is not live');
    },
  };
  await backfill(script, async (rig) => {
    expect(await rig.handle.result()).toMatchObject({ records: 30, embedded: 45 });
    const { calls } = rig.run;
    expect(['0.0', '0.1', '0.2'].map((page) => times(calls, `embedPage ${page}`))).toEqual([
      1, 2, 1,
    ]);
    expect(times(calls, 'writePage 0.0 chroma')).toBe(1);
    await expectFree(rig);
  });
});

test.concurrent('a model that is evicted is opened again', async () => {
  const script: BackfillScript = {
    partitions: 1,
    pages: 3,
    before: ({ name, call }) => {
      if (name === 'embedPage' && call === 2) throw failure('ScratchLost', 'it is not warm');
    },
  };
  await backfill(script, async (rig) => {
    expect(await rig.handle.result()).toMatchObject({ records: 30, embedded: 45 });
    expect(times(rig.run.calls, 'warmModel')).toBe(2);
    expect(times(rig.run.calls, 'embedPage 0.0')).toBe(1);
    await expectFree(rig);
  });
});

test.concurrent('a job that was terminated is followed by another once its partitions have ended', async () => {
  const begun = createGate();
  const script: BackfillScript = {
    partitions: 2,
    before: async ({ name, call }) => {
      if (name !== 'embedPage' || call > 2) return;
      begun.open();
      await whileBeating();
    },
  };
  await backfill(script, async (rig) => {
    await begun.opened;
    await rig.handle.terminate();
    const again = await rig.restart();
    expect(await again.result()).toMatchObject({ records: 40, chunks: 80 });
    await expectFree(rig);
  });
});

test.concurrent('a lease that the pool takes back is replaced, and the page at hand is written', async () => {
  const second = createGate();
  const written = createGate();
  const script: BackfillScript = {
    partitions: 1,
    pages: 3,
    before: async ({ name, at, call }) => {
      if (name === 'embedPage' && call === 2) {
        second.open();
        await whileBeating();
      }
      if (name === 'writePage' && at === '0.0 chroma') await whileBeating(written.opened);
    },
  };
  await backfill(
    script,
    async (rig) => {
      await second.opened;
      await rig.drain(true);
      written.open();
      await eventually(async () => expect((await rig.describePool()).queue).toHaveLength(1));
      await rig.drain(false);
      expect(await rig.handle.result()).toMatchObject({ records: 30, embedded: 45 });
      const { calls } = rig.run;
      expect(times(calls, 'writePage 0.0 chroma')).toBe(1);
      expect(times(calls, 'embedPage 0.0')).toBe(1);
      expect(times(calls, 'embedPage 0.1')).toBe(2);
      await expectFree(rig);
    },
    { request: one },
  );
});

test.concurrent('a failing partition ends the others, and the job with its failure', async () => {
  const begun = createGate();
  let stopped = false;
  const script: BackfillScript = {
    partitions: 4,
    before: async ({ name, at }) => {
      if (name !== 'embedPage') return;
      if (at === '1.0') {
        await begun.opened;
        throw failure('DimensionMismatch', '385 dimensions, expected 384');
      }
      begun.open();
      await whileBeating().finally(() => {
        stopped = true;
      });
    },
  };
  await backfill(script, async (rig) => {
    expect(await failureTypeOf(rig.handle)).toBe('DimensionMismatch');
    expect(stopped).toBe(true);
    expect(rig.run.calls.filter((call) => /^embedPage [23]/.test(call))).toEqual([]);
    expectNothingSwitched(rig);
    await expectFree(rig);
  });
});

test.concurrent('more failed records than allowed end the job before the switch', async () => {
  const script: BackfillScript = { partitions: 3, failedAPage: 2 };
  await backfill(
    script,
    async (rig) => {
      expect(await failureTypeOf(rig.handle)).toBe('TooManyFailures');
      const error = (await rig.handle.result().catch((reason) => reason)) as { cause: Error };
      expect(error.cause.message).toMatch(
        /^docs: 1\d records failed \(malformed 1\d\), at most 11 may/,
      );
      expect(error.cause.message).toContain('(/home/backfills/dead-letters.jsonl)');
      expectNothingSwitched(rig);
      await expectFree(rig);
    },
    { request: { maxFailures: 11 } },
  );
  await backfill(
    script,
    async ({ handle, run }) => {
      await handle.result();
      expect(run.aliases.get('chroma')).toBe('docs-v2');
    },
    { request: { maxFailures: 12 } },
  );
});
