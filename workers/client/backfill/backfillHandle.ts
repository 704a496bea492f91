import {
  backfillQueries,
  backfillUpdates,
  type ControlChange,
} from '../../../workflows/contracts/backfill/messages.ts';
import type {
  BackfillProgress,
  BackfillResult,
} from '../../../workflows/contracts/backfill/progress.ts';
import type { BackfillControl } from '../../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { awaitJob } from '../awaitJob.ts';
import { toBerthError } from '../failures.ts';
import { followProgress } from '../followProgress.ts';
import { type Session, workflowUrl } from '../session.ts';
import { updateWorkflow } from '../updateWorkflow.ts';

/** A backfill that runs, or ran, on the server. It lives on when the handle is dropped. */
export interface BackfillHandle {
  readonly workflowId: string;
  readonly runId: string;
  /** Its page in the Web UI, when the server has one. */
  readonly url: string | undefined;
  /**
   * Waits for the end.
   * @throws BerthError of the failure; JobCancelled; StackUnavailable when the stack stops.
   */
  result(): Promise<BackfillResult>;
  /** @throws BerthError StackUnavailable when no workflow worker answers within five seconds. */
  progress(): Promise<BackfillProgress>;
  /** As `result`, calling back whenever the progress was read; at first at once. */
  watch(
    onProgress: (progress: BackfillProgress) => void,
    options?: { intervalMs?: number },
  ): Promise<BackfillResult>;
  /**
   * Changes pause, rate or concurrency while it runs.
   * @returns what holds from now on
   * @throws BerthError InvalidRequest when it has ended or the numbers make no sense
   */
  control(change: ControlChange): Promise<BackfillControl>;
  /** Asks it to stop and tidy up; `result` tells when it has. */
  cancel(): Promise<void>;
}

const queryTimeoutMs = 5_000;

export function createBackfillHandle(
  session: Session,
  workflowId: string,
  runId: string,
): BackfillHandle {
  const { workflow } = session.client;
  // Only the result is tied to a run: a long job goes on in a fresh run under the same id.
  const run = workflow.getHandle(workflowId, runId);
  const latest = workflow.getHandle(workflowId);

  const named = async <T>(ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask();
    } catch (error) {
      throw toBerthError(error, workflowId);
    }
  };
  const result = () => awaitJob(session, workflowId, () => run.result() as Promise<BackfillResult>);
  const progress = () =>
    named(() =>
      session.client.withDeadline(Date.now() + queryTimeoutMs, () =>
        latest.query<BackfillProgress>(backfillQueries.progress),
      ),
    );

  return {
    workflowId,
    runId,
    url: workflowUrl(session.webUi, session.namespace, workflowId, runId),
    result,
    progress,
    watch: (onProgress, { intervalMs = 500 } = {}) =>
      followProgress(progress, result, onProgress, intervalMs),
    control: (change) =>
      named(async () => {
        // The server answers for a job that has ended as for one that never was.
        const { status } = await latest.describe();
        if (status.name !== 'RUNNING') {
          throw berthError(
            'InvalidRequest',
            `${workflowId}: has ended (${status.name.toLowerCase()}), so nothing of it can be changed; start it again`,
          );
        }
        return updateWorkflow<BackfillControl>(latest, backfillUpdates.control, change);
      }),
    cancel: () => named(async () => void (await latest.cancel())),
  };
}
