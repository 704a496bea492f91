import { WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
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
      goOn.open();
      expect(await first.result()).toMatchObject({
        workflowId: backfillWorkflowId('shared'),
        records: 20,
      });
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
