import type { IngestProgress, IngestResult } from '../../workflows/contracts/ingest.ts';
import { awaitJob } from './awaitJob.ts';
import { toBerthError } from './failures.ts';
import { followProgress } from './followProgress.ts';
import { type JobProgress, mergeProgress } from './jobProgress.ts';
import { readPendingActivities } from './pendingActivities.ts';
import { type Session, workflowUrl } from './session.ts';

/** A job that runs, or ran, on the server. It lives on when the handle is dropped. */
export interface IngestHandle {
  readonly workflowId: string;
  readonly runId: string;
  /** Its page in the Web UI, when the server has one. */
  readonly url: string | undefined;
  /**
   * Waits for the end.
   * @throws BerthError of the failure; JobCancelled; StackUnavailable when the stack stops.
   */
  result(): Promise<IngestResult>;
  /**
   * How far it is, now.
   * @throws BerthError StackUnavailable when no workflow worker answers within five seconds.
   */
  progress(): Promise<JobProgress>;
  /** As `result`, calling back whenever the progress was read; at first at once. */
  watch(
    onProgress: (progress: JobProgress) => void,
    options?: { intervalMs?: number },
  ): Promise<IngestResult>;
  /** Asks it to stop and tidy up; `result` tells when it has. */
  cancel(): Promise<void>;
}

const queryTimeoutMs = 5_000;

export function createIngestHandle(
  session: Session,
  workflowId: string,
  runId: string,
): IngestHandle {
  const { workflow } = session.client;
  // Only the result is tied to a run: a long job goes on in a fresh run under the same id.
  const run = workflow.getHandle(workflowId, runId);
  const latest = workflow.getHandle(workflowId);

  const result = () => awaitJob(session, workflowId, () => run.result() as Promise<IngestResult>);

  const progress = async (): Promise<JobProgress> => {
    try {
      return await session.client.withDeadline(Date.now() + queryTimeoutMs, async () => {
        const [answer, description] = await Promise.all([
          latest.query<IngestProgress>('progress'),
          latest.describe(),
        ]);
        return mergeProgress(workflowId, answer, readPendingActivities(description));
      });
    } catch (error) {
      throw toBerthError(error, workflowId);
    }
  };

  return {
    workflowId,
    runId,
    url: workflowUrl(session.webUi, session.namespace, workflowId, runId),
    result,
    progress,
    watch: (onProgress, { intervalMs = 500 } = {}) =>
      followProgress(progress, result, onProgress, intervalMs),
    async cancel() {
      try {
        await latest.cancel();
      } catch (error) {
        throw toBerthError(error, workflowId);
      }
    },
  };
}
