import { isGrpcServiceError, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import {
  ApplicationFailure,
  CancelledFailure,
  TemporalFailure,
  TerminatedFailure,
  TimeoutFailure,
} from '@temporalio/common';
import { backfillWorkflowId } from '../../workflows/contracts/backfill/messages.ts';
import { BerthError, berthError, isFailureType } from '../../workflows/contracts/errors.ts';

/** Every failure on the way from an error to its innermost cause. */
function* causes(error: unknown): Generator<unknown> {
  for (let at = error, depth = 0; at !== undefined && at !== null && depth < 20; depth += 1) {
    yield at;
    at = (at as { cause?: unknown }).cause;
  }
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';

/**
 * What a failed job or call means for a person: the innermost failure that Berth raised, else what
 * ended the job. Never a stack trace; the original is kept as `cause`.
 * @param what Names the job in failures that do not: `ingest/minilm/latest/0123456789`.
 */
export function toBerthError(error: unknown, what: string): BerthError {
  const chain = [...causes(error)];
  const ours = chain.filter(
    (cause): cause is ApplicationFailure | BerthError =>
      cause instanceof BerthError ||
      (cause instanceof ApplicationFailure && isFailureType(cause.type)),
  );
  const innermost = ours.at(-1);
  if (innermost instanceof BerthError) return innermost;
  if (innermost !== undefined && isFailureType(innermost.type)) {
    const type = innermost.type;
    return new BerthError(type, firstLine(innermost.message), innermost.details?.[0], {
      cause: error,
    });
  }
  if (chain.some((cause) => cause instanceof CancelledFailure)) {
    const kept = what.startsWith(backfillWorkflowId(''))
      ? 'no alias was moved; what it brought up to date in place stays, and what it embedded is cached'
      : 'nothing of it was published';
    return berthError('JobCancelled', `${what}: cancelled; ${kept}`);
  }
  if (chain.some((cause) => cause instanceof TerminatedFailure)) {
    return berthError(
      'JobCancelled',
      `${what}: terminated; berth sweep removes what it may have left`,
    );
  }
  if (chain.some((cause) => cause instanceof WorkflowNotFoundError)) {
    return berthError('InvalidRequest', `${what}: no such job; check the workflow id`);
  }
  if (isUnreachable(error)) {
    return berthError(
      'StackUnavailable',
      `${what}: the Temporal server does not answer; berth status shows the stack`,
    );
  }
  return new BerthError('Unexpected', `${what}: ${describe(chain)}`, undefined, { cause: error });
}

function describe(chain: unknown[]): string {
  const timeout = chain.find((cause) => cause instanceof TimeoutFailure);
  if (timeout) return `no worker finished it in time (${timeout.timeoutType}); see berth logs`;
  const telling = chain
    .filter((cause): cause is Error => cause instanceof Error)
    .filter((cause) => !(cause instanceof WorkflowFailedError))
    .at(-1);
  const message = firstLine(telling?.message ?? String(chain[0]));
  return telling instanceof TemporalFailure ? `${message}; see berth logs` : message;
}

/** Whether it goes back to gRPC code 4 or 14: no answer in time, no connection. */
export function isUnreachable(error: unknown): boolean {
  return [...causes(error)].some(
    (cause) => isGrpcServiceError(cause) && (cause.code === 4 || cause.code === 14),
  );
}
