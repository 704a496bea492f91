import type { ActivateInput, WorkflowInternalsInterceptor } from '@temporalio/workflow';
import { staleClockMessage } from '../contracts/staleClock.ts';

type Activation = ActivateInput['activation'];
type Job = NonNullable<Activation['jobs']>[number];

/**
 * Refuses events that come with the clock of a workflow task that is over. A Query that reaches a
 * worker without the run in its cache is answered from the history up to that moment; an event that
 * was written meanwhile, and whose own workflow task has not begun, is then handed to the workflow
 * as well, at the time of the task before (sdk-core, as of @temporalio/worker 1.24.0). What is
 * decided from `Date.now()` differs from what every replay decides: the run is stuck for good at the
 * next restart of a worker. A refusal costs that Query; the event comes again with its own task.
 */
export function createStaleClockGuard(): WorkflowInternalsInterceptor {
  let current: string | undefined;
  let concluded: string | undefined;
  return {
    activate(input, next) {
      current = startOf(input.activation);
      if (current === concluded && input.activation.jobs?.some(isOfHistory)) {
        throw new Error(staleClockMessage);
      }
      next(input);
    },
    concludeActivation(input, next) {
      concluded = current;
      return next(input);
    },
  };
}

/** When the workflow task began, to the nanosecond: no two tasks of a run begin together. */
const startOf = ({ timestamp }: Activation): string => `${timestamp?.seconds}.${timestamp?.nanos}`;

/** Others, such as what cancels an activity at once, the SDK makes itself within the same task. */
function isOfHistory(job: Job): boolean {
  if (job.signalWorkflow || job.fireTimer || job.cancelWorkflow) return true;
  const { resolveActivity, resolveChildWorkflowExecution, resolveSignalExternalWorkflow } = job;
  if (resolveActivity && !resolveActivity.isLocal) return isOutcome(resolveActivity.result);
  if (resolveChildWorkflowExecution) return isOutcome(resolveChildWorkflowExecution.result);
  if (resolveSignalExternalWorkflow) return !resolveSignalExternalWorkflow.failure;
  return Boolean(job.resolveChildWorkflowExecutionStart?.succeeded);
}

const isOutcome = (result?: { completed?: unknown; failed?: unknown } | null): boolean =>
  Boolean(result?.completed || result?.failed);
