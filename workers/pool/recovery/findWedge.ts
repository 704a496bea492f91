import type { Client } from '@temporalio/client';
import { poolWorkflowId } from '../../../workflows/contracts/pool/messages.ts';

/** temporal.api.enums.v1.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR */
const nonDeterministic = 24;
/** What sdk-core says, under no cause of its own, where a timer of the history finds none of the code. */
const fatal = 'Fatal error in workflow machines';

/** Failures in a row; a worker of the former version may still be going, and able to. */
const leastFailures = 3;
/** Looked through from the newest on: signals pile up behind the task that fails. */
const pageSize = 200;

/** A run of a pool whose history this version of the pool's code cannot replay. */
export interface Wedge {
  runId: string;
  taskQueue: string;
  /** Failures since the last workflow task that was completed. */
  failures: number;
  /** One line of the SDK's failure. */
  failure: string;
}

/**
 * The running pool's wedge; undefined when it has none, or when its workflow task fails, or waits, for
 * another reason.
 */
export async function findWedge(client: Client, pool: string): Promise<Wedge | undefined> {
  const workflowId = poolWorkflowId(pool);
  const { status, runId, taskQueue, raw } = await client.workflow.getHandle(workflowId).describe();
  const attempt = raw.pendingWorkflowTask?.attempt ?? 0;
  if (status.name !== 'RUNNING') return undefined;
  const recorded = await failedTasks(client, workflowId, runId);
  const [last] = recorded;
  if (last === undefined || !recorded.every(isUnreplayable)) {
    return undefined;
  }
  // The server writes the first of a row of attempts only; a signal in between begins a new row.
  const failures = recorded.length + Math.max(0, attempt - 1);
  if (failures < leastFailures) return undefined;
  return { runId, taskQueue, failures, failure: last.failure?.message?.split('\n')[0] ?? '' };
}

/** temporal.api.history.v1.WorkflowTaskFailedEventAttributes, as far as it is looked at. */
interface FailedTask {
  cause?: number | null;
  failure?: { message?: string | null } | null;
}

const isUnreplayable = ({ cause, failure }: FailedTask): boolean =>
  cause === nonDeterministic || failure?.message?.startsWith(fatal) === true;

/** Failures that were written since a task was completed, the last first. */
async function failedTasks(client: Client, workflowId: string, runId: string) {
  const { namespace } = client.options;
  const found: FailedTask[] = [];
  let nextPageToken: Uint8Array | undefined;
  do {
    const page = await client.workflowService.getWorkflowExecutionHistoryReverse({
      ...{ namespace, execution: { workflowId, runId } },
      ...{ maximumPageSize: pageSize, nextPageToken },
    });
    for (const event of page.history?.events ?? []) {
      if (event.workflowTaskCompletedEventAttributes) return found;
      const failed = event.workflowTaskFailedEventAttributes;
      if (failed) found.push(failed);
    }
    nextPageToken = page.nextPageToken?.length > 0 ? page.nextPageToken : undefined;
  } while (nextPageToken !== undefined);
  return found;
}
