import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  type ChildWorkflowHandle,
  log,
  ParentClosePolicy,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { partitionWorkflowId } from '../contracts/backfill/messages.ts';
import type { PartitionReport } from '../contracts/backfill/pages.ts';
import type { PartitionBounds } from '../contracts/backfill/source.ts';
import { type BackfillContext, planOf } from './context.ts';
import { partitionControl } from './control.ts';
import { noCounts } from './counts.ts';
import { controlPartitionSignal } from './messages.ts';
import type { backfillPartitionWorkflow } from './partition/backfillPartitionWorkflow.ts';
import type { PartitionRunInput } from './partition/context.ts';

type Partition = ChildWorkflowHandle<typeof backfillPartitionWorkflow>;

/** Partitions of a job that was terminated end within this time, s. */
const retireSeconds = 120;
const retireWaitSeconds = 5;

/** Runs one partition to its end. It counts as running from the call. */
export async function startPartition(
  context: BackfillContext,
  partition: PartitionBounds,
): Promise<PartitionReport> {
  const { running } = context;
  let child: Partition | undefined;
  running.set(partition.index, {
    counts: noCounts(),
    tell(control) {
      // One that has just ended hears nothing any more, and need not.
      child
        ?.signal(controlPartitionSignal, control)
        .catch((error) => log.debug('a partition was not told', { error: String(error) }));
    },
  });
  const told = partitionControl(context);
  child = await startChildPartition(context, partition);
  const control = partitionControl(context);
  // What changed while it was being started.
  if (JSON.stringify(control) !== JSON.stringify(told)) running.get(partition.index)?.tell(control);
  return child.result();
}

async function startChildPartition(
  context: BackfillContext,
  partition: PartitionBounds,
): Promise<Partition> {
  const { workflowId, typedSearchAttributes } = workflowInfo();
  const { request } = context.input;
  for (let waited = 0; ; waited += retireWaitSeconds) {
    try {
      return await startChild<typeof backfillPartitionWorkflow>('backfillPartitionWorkflow', {
        workflowId: partitionWorkflowId(workflowId, partition.index),
        args: [partitionInput(context, partition)],
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        typedSearchAttributes: typedSearchAttributes
          .getAll()
          .filter(({ key }) => key.name.startsWith('Berth')),
        staticSummary: `${request.collection} partition ${partition.index}: ${partition.records} records`,
      });
    } catch (error) {
      const isThere = error instanceof WorkflowExecutionAlreadyStartedError;
      if (!isThere || waited >= retireSeconds) throw error;
      context.show(`waiting for partition ${partition.index} of a job that was terminated`);
      await sleep(1000 * retireWaitSeconds);
    }
  }
}

function partitionInput(context: BackfillContext, partition: PartitionBounds): PartitionRunInput {
  const { input, state } = context;
  const { request, hostId, team, pool, maxHistoryLength } = input;
  const { embedding, artifact } = planOf(context);
  return {
    ...{ jobId: state.jobId, request, embedding, artifact, hostId, team, pool, partition },
    ...{ targets: state.targets, control: partitionControl(context), maxHistoryLength },
  };
}
