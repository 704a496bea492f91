import type { Client } from '@temporalio/client';
import { backfillQueries } from '../workflows/contracts/backfill/messages.ts';
import type { BackfillProgress } from '../workflows/contracts/backfill/progress.ts';

/**
 * Whether some backfill that is under way has that job id, which only its workflow knows. A workflow
 * or a server that does not answer may have any id, so then all count as open.
 */
export function createOpenBackfillCheck(client: Pick<Client, 'workflow'>) {
  return async (jobId: string): Promise<boolean> => {
    try {
      const open = client.workflow.list({
        query: "WorkflowType = 'backfillEmbeddingsWorkflow' AND ExecutionStatus = 'Running'",
      });
      for await (const { workflowId, runId } of open) {
        const handle = client.workflow.getHandle(workflowId, runId);
        const progress = await handle.query<BackfillProgress>(backfillQueries.progress);
        if (progress.jobId === jobId) return true;
      }
      return false;
    } catch {
      return true;
    }
  };
}
