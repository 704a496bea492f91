import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { LeaseHolder } from '../workflows/contracts/lease.ts';

/**
 * Whether a workflow run is still open. A server that does not answer says nothing about the
 * holder, so then it counts as open.
 */
export function createHolderCheck(client: Pick<Client, 'workflow'>) {
  return async ({ workflowId, runId }: LeaseHolder): Promise<boolean> => {
    try {
      const { status } = await client.workflow.getHandle(workflowId, runId).describe();
      return status.name === 'RUNNING';
    } catch (error) {
      return !(error instanceof WorkflowNotFoundError);
    }
  };
}
