import { WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { replayInput } from '../../../workers/client/backfill/replayBackfill.ts';
import { attachBackfill } from '../../../workers/client/backfill/startBackfill.ts';
import { backfillWorkflowId } from '../../../workflows/contracts/backfill/messages.ts';
import { backfillRequest } from '../../support/backfill/backfillRequest.ts';
import { runScriptedBackfill } from '../../support/backfill/runScriptedBackfill.ts';
import { createGate, whileBeating } from '../../support/backfill/steering.ts';
import { recordHistory } from '../../support/histories.ts';
import type { WorkflowServer } from '../../support/scriptedIngest.ts';
import { bundleWorkflows, startTemporal } from '../../support/temporal.ts';

const isRecording = Boolean(process.env.BERTH_RECORD_HISTORIES);

let on: WorkflowServer;

beforeAll(async () => {
  const [server, workflowBundle] = await Promise.all([startTemporal(), bundleWorkflows()]);
  on = { server, workflowBundle };
});
afterAll(() => on?.server.teardown());

test('runs of a schedule and of a person share the collection, one after another', async () => {
  const filling = createGate();
  const goOn = createGate();
  const { client } = on.server;
  await runScriptedBackfill(
    on,
    {
      partitions: 1,
      before: async ({ name, input }) => {
        const { request } = input as { request?: { collection: string } };
        if (name !== 'planBackfill' || request?.collection !== 'shared') return;
        filling.open();
        await whileBeating(goOn.opened);
      },
    },
    async ({ handle, hostId, taskQueue }) => {
      await handle.result();
      const input = {
        ...{ hostId, pool: `pool-${hostId}`, team: 'default', dryRun: false },
        request: backfillRequest({ collection: 'shared' }),
      };
      const run = (number: number) =>
        client.workflow.start('scheduledBackfillWorkflow', {
          taskQueue,
          workflowId: `${backfillWorkflowId('shared')}/scheduled-${number}`,
          args: [input],
          memo: { berthRequest: 'abc' },
        });
      const first = await run(1);
      await filling.opened;
      const job = client.workflow.getHandle(backfillWorkflowId('shared'));
      expect(await job.describe()).toMatchObject({
        type: 'backfillEmbeddingsWorkflow',
        status: { name: 'RUNNING' },
        memo: { berthRequest: 'abc' },
      });
      const second = await run(2);
      const refused = await second.result().catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(WorkflowFailedError);
      expect((refused as WorkflowFailedError).cause).toMatchObject({
        type: 'InvalidRequest',
        message: expect.stringContaining('another backfill of this collection is running'),
      });
      const session = {
        ...{ client, hostId, namespace: client.options.namespace, webUi: undefined },
        outage: async () => undefined,
        notify: () => undefined,
        close: async () => undefined,
      };
      const attached = await attachBackfill(session, first.workflowId);
      expect(attached.workflowId).toBe(backfillWorkflowId('shared'));
      expect(await attached.control({ paused: true })).toMatchObject({ paused: true });
      await attached.control({ paused: false });
      await expect(replayInput(session, first.workflowId)).rejects.toThrow('is still running');
      await expect(attachBackfill(session, second.workflowId)).rejects.toThrow(
        'has started no backfill',
      );
      goOn.open();
      expect(await attached.result()).toMatchObject({ records: 20 });
      expect(await first.result()).toMatchObject({
        workflowId: backfillWorkflowId('shared'),
        records: 20,
      });
      await expect(replayInput(session, first.workflowId)).rejects.toThrow('no record failed');
      await (await run(3)).result();
      await expect(attachBackfill(session, first.workflowId)).rejects.toThrow(
        'a later one goes by backfill/shared',
      );
      if (!isRecording) return;
      const record = (name: string, { workflowId, firstExecutionRunId: runId }: typeof first) =>
        recordHistory(on.server.address, `scheduledBackfillWorkflow-${name}.json`, {
          workflowId,
          runId,
        });
      await record('ran', first);
      await record('leftOut', second);
    },
  );
});
