import { awaitJob } from './awaitJob.ts';
import { toBerthError } from './failures.ts';
import type { Session } from './session.ts';

/** How a job ended that was asked to stop. */
export interface CancelResult {
  workflowId: string;
  /** False when it was done, or had failed, before it could be cancelled. */
  cancelled: boolean;
}

/**
 * Asks a job of any kind to stop and waits until it has tidied up.
 * @throws BerthError InvalidRequest when there is no such job; its own failure when it had failed;
 *   StackUnavailable
 */
export async function cancelJob(session: Session, workflowId: string): Promise<CancelResult> {
  const { workflow } = session.client;
  try {
    const { runId, status } = await workflow.getHandle(workflowId).describe();
    // A closed workflow refuses to be cancelled; its result tells what became of it.
    if (status.name === 'RUNNING') await workflow.getHandle(workflowId).cancel();
    await awaitJob(session, workflowId, () => workflow.getHandle(workflowId, runId).result());
    return { workflowId, cancelled: false };
  } catch (error) {
    const failure = toBerthError(error, workflowId);
    if (failure.type === 'JobCancelled') {
      return { workflowId, cancelled: true };
    }
    throw failure;
  }
}
