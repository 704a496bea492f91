import { afterAll, beforeAll, expect, test } from 'vitest';
import { windowState } from '../../../workflows/backfill/dailyWindow.ts';
import {
  type ControlChange,
  partitionSignals,
  partitionWorkflowId,
} from '../../../workflows/contracts/backfill/messages.ts';
import type { BackfillProgress } from '../../../workflows/contracts/backfill/progress.ts';
import type { BackfillControl } from '../../../workflows/contracts/backfill/request.ts';
import {
  type BackfillRig,
  type BackfillRigInput,
  expectFree,
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

const control = ({ handle }: BackfillRig, change: ControlChange): Promise<BackfillControl> =>
  handle.executeUpdate('controlBackfill', { args: [change] });
const progress = ({ handle }: BackfillRig): Promise<BackfillProgress> =>
  handle.query('backfillProgress');
/** Until a partition under way has been told what was changed: the job signals it on. */
const heard = ({ handle }: BackfillRig, index: number): Promise<void> =>
  eventually(async () => {
    const partition = on.server.client.workflow.getHandle(
      partitionWorkflowId(handle.workflowId, index),
    );
    const { events } = await partition.fetchHistory();
    const signals = events?.map((event) => event.workflowExecutionSignaledEventAttributes);
    expect(signals?.some((signal) => signal?.signalName === partitionSignals.control)).toBe(true);
  });
const qdrant = 'qdrant=http://127.0.0.1:6333';
const free = { paused: false, recordsPerSecond: null, concurrency: 2 };

test.concurrent('paused, a partition finishes its page and gives its device back; resumed, it goes on', async () => {
  const begun = createGate();
  const go = createGate();
  const script: BackfillScript = {
    partitions: 3,
    before: async ({ name, at }) => {
      if (name !== 'embedPage' || at !== '0.0') return;
      begun.open();
      await whileBeating(go.opened);
    },
  };
  await backfill(
    script,
    async (rig) => {
      await begun.opened;
      expect(await control(rig, { paused: true })).toEqual({
        ...free,
        paused: true,
        concurrency: 1,
      });
      await heard(rig, 0);
      go.open();
      await expectFree(rig);
      const pages = rig.run.calls.filter((call) => /^(embed|write)Page/.test(call));
      expect(pages.sort()).toEqual([
        'embedPage 0.0',
        'writePage 0.0 chroma',
        `writePage 0.0 ${qdrant}`,
      ]);
      expect((await progress(rig)).control.paused).toBe(true);
      await control(rig, { paused: false });
      expect(await rig.handle.result()).toMatchObject({ records: 60 });
      expect(rig.run.calls.filter((call) => call === 'embedPage 0.0')).toHaveLength(1);
    },
    { request: { control: { ...free, concurrency: 1 } } },
  );
});

test.concurrent('a job that begins paused begins nothing', async () => {
  await backfill(
    { partitions: 1 },
    async (rig) => {
      await eventually(() => expect(rig.run.calls).toEqual(['planBackfill']));
      await control(rig, { paused: false });
      expect(await rig.handle.result()).toMatchObject({ records: 20 });
    },
    { request: { control: { ...free, paused: true } } },
  );
});

test.concurrent('a slow rate holds pages back without holding the device, until it is changed', async () => {
  await backfill(
    { partitions: 2, pages: 3 },
    async (rig) => {
      const written = () => rig.run.calls.filter((call) => call.startsWith('writePage'));
      await eventually(() => expect(written()).toHaveLength(4));
      await expectFree(rig);
      expect(rig.run.calls.filter((call) => call.startsWith('embedPage'))).toEqual(
        expect.arrayContaining(['embedPage 0.0', 'embedPage 1.0']),
      );
      await control(rig, { recordsPerSecond: null });
      expect(await rig.handle.result()).toMatchObject({ records: 60 });
    },
    { request: { control: { ...free, recordsPerSecond: 0.01 } } },
  );
});

test.concurrent('at a rate, no page begins before its time', async () => {
  const begun: number[] = [];
  const script: BackfillScript = {
    partitions: 2,
    before: ({ name }) => {
      if (name === 'embedPage') begun.push(Date.now());
    },
  };
  await backfill(
    script,
    async ({ handle }) => {
      await handle.result();
      // Ten records a page, twenty a second: half a second each, also from partition to partition.
      expect(begun.at(-1)! - begun[0]!).toBeGreaterThan(1_200);
    },
    { request: { control: { ...free, recordsPerSecond: 20, concurrency: 1 } } },
  );
});

test.concurrent('a short page takes a short share of the rate', async () => {
  // Ten records at ten a second; as many as a page may have would take hours.
  await backfill(
    { partitions: 1, pages: 1 },
    async ({ handle }) => {
      expect(await handle.result()).toMatchObject({ records: 10 });
    },
    { request: { pageRecords: 100_000, control: { ...free, recordsPerSecond: 10 } } },
  );
});

test.concurrent('more partitions run at a time when that is asked for, and fewer', async () => {
  const go = createGate();
  const script: BackfillScript = {
    partitions: 8,
    pages: 1,
    before: async ({ name }) => {
      if (name === 'embedPage') await whileBeating(go.opened);
    },
  };
  await backfill(
    script,
    async (rig) => {
      const running = async () => (await progress(rig)).partitions.running;
      await eventually(async () => expect(await running()).toBe(1));
      await control(rig, { concurrency: 3 });
      await eventually(async () => expect(await running()).toBe(3));
      await control(rig, { concurrency: 2 });
      go.open();
      expect(await rig.handle.result()).toMatchObject({ records: 80 });
    },
    { request: { control: { ...free, concurrency: 1 } } },
  );
});

test.concurrent('a change that makes no sense is refused, and changes nothing', async () => {
  await backfill(
    { partitions: 1 },
    async (rig) => {
      const refused: unknown[] = [
        { concurrency: 0 },
        { concurrency: 65 },
        { concurrency: 1.5 },
        { concurrency: null },
        { recordsPerSecond: 0 },
        { recordsPerSecond: -1 },
        { recordsPerSecond: '7' },
        { paused: 'yes' },
      ];
      for (const change of refused) {
        await expect(control(rig, change as ControlChange)).rejects.toMatchObject({
          cause: { type: 'InvalidRequest' },
        });
      }
      expect((await progress(rig)).control).toEqual({ ...free, paused: true });
      await control(rig, { paused: false });
      await rig.handle.result();
    },
    { request: { control: { ...free, paused: true } } },
  );
});

const minuteOf = (ms: number) => Math.floor(ms / 60_000) % 1440;

test.concurrent('outside its hours a job waits, says so, and begins when they begin', async () => {
  const fromMinute = minuteOf(Date.now() + 70_000);
  const between = { fromMinute, toMinute: (fromMinute + 120) % 1440 };
  const prepared: number[] = [];
  const script: BackfillScript = {
    partitions: 1,
    before: ({ name }) => {
      if (name === 'prepareCollections') prepared.push(Date.now());
    },
  };
  await backfill(
    script,
    async (rig) => {
      await eventually(async () => expect((await progress(rig)).outsideWindow).toBe(true));
      expect((await progress(rig)).message).toMatch(
        /^waits for its hours, \d\d:\d\d-\d\d:\d\d UTC/,
      );
      expect(await rig.handle.result()).toMatchObject({ records: 20 });
      expect(windowState(between, prepared[0]!).inside).toBe(true);
      expect((await progress(rig)).outsideWindow).toBe(false);
    },
    { request: { between } },
  );
});

test.concurrent('a deadline ends a job that is not done by then, before the switch', async () => {
  const script: BackfillScript = {
    partitions: 2,
    before: async ({ name }) => {
      if (name === 'embedPage') await whileBeating();
    },
  };
  await backfill(
    script,
    async (rig) => {
      expect(await failureTypeOf(rig.handle)).toBe('DeadlineExceeded');
      expect(rig.run.calls.some((call) => call.startsWith('switchAlias'))).toBe(false);
      expect(rig.run.collections.size).toBe(0);
      await expectFree(rig);
    },
    { request: { deadline: new Date(Date.now() + 6_000).toISOString() } },
  );
});
