import type { Client } from '@temporalio/client';
import type { IngestProgress } from '../workflows/contracts/ingest.ts';

/**
 * Whether some ingest that is under way owns an artifact: asked of every open ingest, since only
 * its workflow knows the artifact it minted. An ingest or a server that does not answer may own any
 * artifact, so then all count as open.
 */
export function createOpenIngestCheck(client: Pick<Client, 'workflow'>) {
  return async (artifactId: string): Promise<boolean> => {
    try {
      const open = client.workflow.list({
        query: "WorkflowType = 'ingestModelWorkflow' AND ExecutionStatus = 'Running'",
      });
      for await (const { workflowId, runId } of open) {
        const handle = client.workflow.getHandle(workflowId, runId);
        const progress = await handle.query<IngestProgress>('progress');
        if (progress.artifactId === artifactId) return true;
      }
      return false;
    } catch {
      return true;
    }
  };
}
