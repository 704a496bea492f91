import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ChildWorkflowFailure,
  ParentClosePolicy,
  setCurrentDetails,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { backfillWorkflowId } from '../contracts/backfill/messages.ts';
import type { BackfillResult } from '../contracts/backfill/progress.ts';
import type { BackfillInput } from '../contracts/backfill/request.ts';
import { failure } from '../contracts/errors.ts';
import type { backfillEmbeddingsWorkflow } from './backfillEmbeddingsWorkflow.ts';

/**
 * One run of a schedule, whose id the server ends with a time: the job itself has the collection's
 * one id, so that it never runs beside a backfill that a person has started.
 * @throws ApplicationFailure InvalidRequest when another backfill of the collection is running
 */
export async function scheduledBackfillWorkflow(input: BackfillInput): Promise<BackfillResult> {
  const { memo = {}, typedSearchAttributes } = workflowInfo();
  const { request } = input;
  const workflowId = backfillWorkflowId(request.collection);
  setCurrentDetails(`runs as \`${workflowId}\``);
  const job = await startChild<typeof backfillEmbeddingsWorkflow>('backfillEmbeddingsWorkflow', {
    workflowId,
    args: [input],
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    memo,
    typedSearchAttributes: typedSearchAttributes
      .getAll()
      .filter(({ key }) => key.name.startsWith('Berth')),
    staticSummary: `${request.source.name} → ${request.collection}, as scheduled`,
  }).catch((error: unknown) => {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const message = `${workflowId}: another backfill of this collection is running; this scheduled run is left out, trigger it again when that one has ended`;
    throw failure('InvalidRequest', message);
  });
  try {
    return await job.result();
  } catch (error) {
    // The job's own failure is the run's.
    throw error instanceof ChildWorkflowFailure && error.cause ? error.cause : error;
  }
}
