import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type BackfillRig,
  expectFree,
  runScriptedBackfill,
} from '../../support/backfill/runScriptedBackfill.ts';
import { failureTypeOf, type WorkflowServer } from '../../support/scriptedIngest.ts';
import { bundleWorkflows, startTemporal } from '../../support/temporal.ts';

let on: WorkflowServer;

beforeAll(async () => {
  const [server, workflowBundle] = await Promise.all([startTemporal(), bundleWorkflows()]);
  on = { server, workflowBundle };
});
afterAll(() => on?.server.teardown());

/** The activity's own retries are over. */
const away = (type: string) => ApplicationFailure.nonRetryable('db: does not answer', type);
const request = { stores: [{ kind: 'chroma' as const, url: null }] };

test.concurrent.each(['SourceUnavailable', 'StoreUnavailable'])(
  '%s while a page is embedded: the device goes back, and the job goes on',
  async (type) => {
    const rig: { current?: BackfillRig } = {};
    const lent: number[] = [];
    let outages = 0;
    await runScriptedBackfill(
      on,
      {
        partitions: 1,
        pages: 3,
        before: async ({ name, at }) => {
          if (name === 'warmModel' && outages > 0) {
            lent.push((await rig.current?.describePool())?.leases.length ?? -1);
          }
          if (name !== 'embedPage' || at !== '0.1' || outages === 2) return;
          outages += 1;
          throw away(type);
        },
      },
      async (current) => {
        rig.current = current;
        const { handle, run } = current;
        expect(await handle.result()).toMatchObject({ records: 30, failed: 0 });
        expect(run.calls.filter((call) => call === 'embedPage 0.1')).toHaveLength(3);
        expect(run.calls.filter((call) => call === 'writePage 0.0 chroma')).toHaveLength(1);
        expect(lent).toEqual([0, 0]);
        await expectFree(current);
      },
      { request },
    );
  },
);

test.concurrent('what is no outage ends the job at once', async () => {
  await runScriptedBackfill(
    on,
    {
      partitions: 1,
      before: ({ name }) => {
        if (name === 'embedPage') throw away('SourceChanged');
      },
    },
    async ({ handle }) => expect(await failureTypeOf(handle)).toBe('SourceChanged'),
    { request },
  );
});
