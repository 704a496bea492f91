import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { failure } from '../../workflows/contracts/errors.ts';
import type { IngestProgress, IngestResult } from '../../workflows/contracts/ingest.ts';
import type { IngestRunInput } from '../../workflows/ingest/state.ts';
import { ingestInput, type Script, type ScriptedRun } from '../support/scriptedActivities.ts';
import { failureTypeOf, type Lending, runScripted } from '../support/scriptedIngest.ts';
import { bundleWorkflows, startTemporal } from '../support/temporal.ts';

let server: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;

beforeAll(async () => {
  [server, workflowBundle] = await Promise.all([startTemporal(), bundleWorkflows()]);
});
afterAll(() => server?.teardown());

const ingest = <T>(
  script: Script,
  body: (run: ScriptedRun, handle: WorkflowHandle, lending: Lending) => Promise<T>,
  input: Partial<IngestRunInput> = {},
) => runScripted({ server, workflowBundle }, script, body, input);

async function expectFree({ describe }: Lending): Promise<void> {
  await expect.poll(async () => (await describe()).devices[0]?.state).toBe('free');
  const { leases, queue } = await describe();
  expect([leases, queue]).toEqual([[], []]);
}

test('makes, seals, gates and publishes; one shard is sealed while the next is made', async () => {
  await ingest({ shards: 3 }, async (run, handle, lending) => {
    const result: IngestResult = await handle.result();
    expect(result).toMatchObject({ ref: 'tiny:latest', shards: 3, gate: { passed: true } });
    expect(result.stages.map((stage) => stage.name)).toEqual([
      'inspect',
      'quantize',
      'seal',
      'gate',
      'publish',
    ]);
    expect(run.calls.filter((call) => call.startsWith('quantizeShard'))).toHaveLength(3);
    expect(run.calls.indexOf('quantizeShard 1')).toBeLessThan(run.calls.indexOf('sealShard 1'));
    expect(run.calls).not.toContain('discardArtifact');
    await expectFree(lending);
    const progress: IngestProgress = await handle.query('progress');
    expect(progress.stages.every((stage) => stage.state === 'done')).toBe(true);
  });
});

test('without quantization no device is asked for and there is no gate', async () => {
  const { request } = ingestInput({ quantize: 'none' });
  await ingest(
    { shards: 2 },
    async (run, handle, lending) => {
      const result: IngestResult = await handle.result();
      expect(result.gate).toBeNull();
      expect((await lending.describe()).totals.granted).toBe(0);
      expect(run.calls).toContain('assembleShard 1');
    },
    { request },
  );
});

test('a shard whose scratch is lost is made again, and only that one', async () => {
  const script: Script = {
    shards: 3,
    before: (name, call) => {
      if (name === 'sealShard' && call === 2)
        throw failure('ScratchLost', 'scratch of shard 1 is gone');
    },
  };
  await ingest(script, async (run, handle) => {
    await handle.result();
    const made = run.calls.filter((call) => call.startsWith('quantizeShard')).sort();
    expect(made).toHaveLength(4);
    expect(new Set(made).size).toBe(3);
  });
});

test('a lost lease is replaced, and sealed shards are not made again', async () => {
  const script: Script = {
    shards: 3,
    before: (name, call) => {
      if (name === 'quantizeShard' && call === 3)
        throw failure('LeaseFenced', 'epoch 1 is not live');
    },
  };
  await ingest(script, async (run, handle, lending) => {
    await handle.result();
    expect(run.calls.filter((call) => call === 'quantizeShard 0')).toHaveLength(1);
    expect(run.calls.filter((call) => call === 'quantizeShard 1')).toHaveLength(1);
    expect(run.calls.filter((call) => call === 'quantizeShard 2')).toHaveLength(2);
    expect(run.calls.filter((call) => call === 'resolveModules')).toHaveLength(1);
    await expectFree(lending);
  });
});

test('a lease that the pool takes back is replaced, and sealed shards are not made again', async () => {
  let resolve = () => {};
  const third = new Promise<void>((settle) => {
    resolve = settle;
  });
  const script: Script = {
    shards: 3,
    before: async (name, call) => {
      if (name !== 'quantizeShard' || call !== 3) return;
      resolve();
      const context = Context.current();
      const timer = setInterval(() => context.heartbeat(), 200);
      await context.cancelled.finally(() => clearInterval(timer));
    },
  };
  await ingest(script, async (run, handle, lending) => {
    await third;
    await lending.drain(true);
    await expect.poll(async () => (await lending.describe()).queue).toHaveLength(1);
    expect((await lending.describe()).devices[0]?.state).toBe('draining');
    await lending.drain(false);
    expect(await handle.result()).toMatchObject({ shards: 3, gate: { passed: true } });
    expect(run.calls.filter((call) => call === 'quantizeShard 0')).toHaveLength(1);
    expect(run.calls.filter((call) => call === 'quantizeShard 1')).toHaveLength(1);
    expect(run.calls.filter((call) => call === 'quantizeShard 2')).toHaveLength(2);
    expect((await lending.describe()).totals.granted).toBe(3);
    await expectFree(lending);
  });
});

test('a lease lost at the gate is replaced; no shard is made again', async () => {
  const script: Script = {
    shards: 1,
    before: (name, call) => {
      if (name === 'evaluateGate' && call <= 2)
        throw failure('LeaseFenced', `epoch ${call} is not live`);
    },
  };
  await ingest(script, async (run, handle, lending) => {
    expect(await handle.result()).toMatchObject({ gate: { passed: true } });
    expect(run.calls.filter((call) => call === 'evaluateGate')).toHaveLength(3);
    expect(run.calls.filter((call) => call === 'quantizeShard 0')).toHaveLength(1);
    expect(run.calls.filter((call) => call === 'openCandidate')).toHaveLength(1);
    await expectFree(lending);
  });
});

test('a candidate that is lost is opened again; no shard is made again', async () => {
  const script: Script = {
    shards: 1,
    before: (name, call) => {
      if (name === 'evaluateGate' && call === 1) throw failure('ScratchLost', 'rebooted');
    },
  };
  await ingest(script, async (run, handle, lending) => {
    expect(await handle.result()).toMatchObject({ gate: { passed: true } });
    expect(run.calls.filter((call) => call === 'openCandidate')).toHaveLength(2);
    expect(run.calls.filter((call) => call === 'quantizeShard 0')).toHaveLength(1);
    await expectFree(lending);
  });
});

test('a lease that is lost again and again ends the job', async () => {
  const script: Script = {
    shards: 1,
    before: (name) => {
      if (name === 'evaluateGate') throw failure('LeaseFenced', 'its epoch is not live');
    },
  };
  await ingest(script, async (run, handle, lending) => {
    expect(await failureTypeOf(handle)).toBe('LeaseFenced');
    expect(run.calls.filter((call) => call === 'evaluateGate')).toHaveLength(5);
    await expectFree(lending);
  });
});

test('a failed gate publishes nothing and leaves nothing', async () => {
  await ingest({ shards: 1, gateMean: 0.5 }, async (run, handle, lending) => {
    expect(await failureTypeOf(handle)).toBe('AccuracyGateFailed');
    expect(run.calls).not.toContain('publishArtifact');
    expect(run.calls.at(-1)).toBe('discardArtifact');
    await expectFree(lending);
  });
});

test('an error of the source fails at once and leaves nothing', async () => {
  const script: Script = {
    shards: 1,
    before: (name) => {
      if (name === 'inspectSource') throw failure('NonFiniteTensor', 'w holds NaN');
    },
  };
  await ingest(script, async (run, handle) => {
    expect(await failureTypeOf(handle)).toBe('NonFiniteTensor');
    expect(run.calls).toEqual(['inspectSource', 'discardArtifact']);
  });
});

test('cancelling while a shard is made gives the device back and leaves nothing', async () => {
  let resolve = () => {};
  const started = new Promise<void>((settle) => {
    resolve = settle;
  });
  const script: Script = {
    shards: 2,
    before: async (name) => {
      if (name !== 'quantizeShard') return;
      resolve();
      const context = Context.current();
      const timer = setInterval(() => context.heartbeat(), 200);
      await context.cancelled.finally(() => clearInterval(timer));
    },
  };
  await ingest(script, async (run, handle, lending) => {
    await started;
    await handle.cancel();
    expect(await failureTypeOf(handle)).toBe('CancelledFailure');
    expect(run.calls).toContain('clearDevice');
    expect(run.calls.at(-1)).toBe('discardArtifact');
    await expectFree(lending);
  });
});

test('what a cancelled job left is removed only once nothing of it runs any more', async () => {
  let resolve = () => {};
  const started = new Promise<void>((settle) => {
    resolve = settle;
  });
  const order: string[] = [];
  const script: Script = {
    shards: 1,
    before: async (name) => {
      if (name === 'discardArtifact') order.push('discarded');
      if (name !== 'inspectSource') return;
      resolve();
      const context = Context.current();
      const timer = setInterval(() => context.heartbeat(), 200);
      await context.cancelled.finally(() => {
        clearInterval(timer);
        order.push('inspection stopped');
      });
    },
  };
  await ingest(script, async (run, handle) => {
    await started;
    await handle.cancel();
    expect(await failureTypeOf(handle)).toBe('CancelledFailure');
    expect(order).toEqual(['inspection stopped', 'discarded']);
    expect(run.calls).toEqual(['inspectSource', 'discardArtifact']);
  });
});

test('a long job continues as new between partitions and loses nothing', async () => {
  await ingest(
    { shards: 20 },
    async (run, handle) => {
      const result: IngestResult = await handle.result();
      expect(result.shards).toBe(20);
      for (let index = 0; index < 20; index += 1) {
        expect(run.calls.filter((call) => call === `sealShard ${index}`)).toHaveLength(1);
      }
      expect(run.calls.filter((call) => call === 'inspectSource')).toHaveLength(1);
      const { raw } = await handle.describe();
      expect(raw.workflowExecutionInfo?.firstRunId).not.toBe(
        raw.workflowExecutionInfo?.execution?.runId,
      );
      expect(result.stages.find((stage) => stage.name === 'quantize')?.bytes).toBe(20 * 4000);
    },
    { maxHistoryLength: 40 },
  );
});
