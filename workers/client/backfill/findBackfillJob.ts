import { backfillWorkflowId } from '../../../workflows/contracts/backfill/messages.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { toBerthError } from '../failures.ts';
import type { Session } from '../session.ts';

export const backfillWorkflowType = 'backfillEmbeddingsWorkflow';
export const scheduledBackfillWorkflowType = 'scheduledBackfillWorkflow';

export interface FoundBackfill {
  workflowId: string;
  runId: string;
}

/**
 * The backfill of an id; for one run of a schedule (`backfill/docs/scheduled-<time>`), the job that
 * this run has started under the collection's own id.
 * @throws BerthError InvalidRequest when there is no such backfill, or the scheduled run's job has
 * ended and a later one goes by its id; StackUnavailable
 */
export async function findBackfillJob(
  session: Session,
  workflowId: string,
): Promise<FoundBackfill> {
  try {
    const { runId, type } = await session.client.workflow.getHandle(workflowId).describe();
    if (type === backfillWorkflowType) return { workflowId, runId };
    if (type === scheduledBackfillWorkflowType) return await findStarted(session, workflowId);
    throw berthError(
      'InvalidRequest',
      `${workflowId}: is a ${type}, expected a backfill such as ${backfillWorkflowId('docs')}`,
    );
  } catch (error) {
    throw toBerthError(error, workflowId);
  }
}

async function findStarted({ client }: Session, scheduledId: string): Promise<FoundBackfill> {
  const { events } = await client.workflow.getHandle(scheduledId).fetchHistory();
  const started = events
    ?.map((event) => event.childWorkflowExecutionStartedEventAttributes?.workflowExecution)
    .find((execution) => execution);
  const { workflowId, runId } = started ?? {};
  if (!workflowId || !runId) {
    throw berthError(
      'InvalidRequest',
      `${scheduledId}: has started no backfill; berth status lists those that run`,
    );
  }
  // Queries and updates go to the id's latest run, which must be of the same job.
  const { raw } = await client.workflow.getHandle(workflowId).describe();
  const first = raw.workflowExecutionInfo?.firstRunId;
  if (first && first !== runId) {
    throw berthError(
      'InvalidRequest',
      `${scheduledId}: its backfill has ended, and a later one goes by ${workflowId}; name that one`,
    );
  }
  return { workflowId, runId };
}
