import { activityInfo } from '@temporalio/activity';
import type { Client } from '@temporalio/client';

export interface MutexActivities {
  /** Asks for the lock on behalf of the workflow that calls; starts the lock when it is not there. */
  signalWithStartLockWorkflow(lock: string, timeoutMs: number): Promise<void>;
}

/** The one activity of the sample (mutex/src/activities.ts). */
export function createMutexActivities(client: Client, taskQueue: string): MutexActivities {
  return {
    async signalWithStartLockWorkflow(lock, timeoutMs) {
      const { workflowExecution } = activityInfo();
      await client.workflow.signalWithStart('lockWorkflow', {
        taskQueue,
        workflowId: lock,
        signal: 'lock-requested',
        signalArgs: [{ initiatorId: workflowExecution?.workflowId, timeoutMs }],
      });
    },
  };
}
