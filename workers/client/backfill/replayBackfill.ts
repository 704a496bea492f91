import { defaultPayloadConverter } from '@temporalio/common';
import { backfillQueries } from '../../../workflows/contracts/backfill/messages.ts';
import type { BackfillProgress } from '../../../workflows/contracts/backfill/progress.ts';
import type { BackfillInput } from '../../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { toBerthError } from '../failures.ts';
import type { Session } from '../session.ts';
import { findBackfillJob } from './findBackfillJob.ts';

/**
 * What a job that has ended was asked for, for its dead letters only.
 * @throws BerthError InvalidRequest when there is no such backfill, it is running, or nothing failed
 */
export async function replayInput(session: Session, askedId: string): Promise<BackfillInput> {
  const { workflowId } = await findBackfillJob(session, askedId);
  const handle = session.client.workflow.getHandle(workflowId);
  try {
    const { status } = await handle.describe();
    if (status.name === 'RUNNING') {
      throw berthError(
        'InvalidRequest',
        `${workflowId}: is still running; replay its dead letters when it has ended`,
      );
    }
    const { jobId, counts } = await handle.query<BackfillProgress>(backfillQueries.progress);
    const failed = Object.values(counts.failed).reduce((sum, part) => sum + part, 0);
    const completed = status.name === 'COMPLETED';
    // One that ended early may not have heard of all its dead letters: its host knows.
    if (completed && failed === 0) {
      throw berthError('InvalidRequest', `${workflowId}: no record failed, nothing to replay`);
    }
    const { request, ...rest } = await readInput(session, workflowId);
    return {
      ...rest,
      dryRun: false,
      request: {
        ...request,
        rebuild: false,
        deleteMissing: false,
        deadline: null,
        control: { ...request.control, paused: false },
        // A replay of a replay concerns what is still dead: all of it where the first came to nothing.
        replayOf: completed ? jobId : (request.replayOf ?? jobId),
      },
    };
  } catch (error) {
    throw toBerthError(error, workflowId);
  }
}

async function readInput({ client }: Session, workflowId: string): Promise<BackfillInput> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const payload = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
  if (!payload) {
    throw berthError('InvalidRequest', `${workflowId}: its input is gone; run the backfill again`);
  }
  const { request, hostId, team, pool, dryRun } =
    defaultPayloadConverter.fromPayload<BackfillInput>(payload);
  return { request, hostId, team, ...(pool === undefined ? {} : { pool }), dryRun };
}
