import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { BerthError, berthError, toApplicationFailure } from '../workflows/contracts/errors.ts';

/** Waiting for a device is neither an error to log nor a reason to back off far, ms. */
const deviceRetryMs = 1_000;

/**
 * An activity's error as Temporal carries it: Berth's own by their type, a full disk as OutOfSpace,
 * anything else unchanged, to be retried by the policy of the caller.
 */
export function convertFailure(error: unknown): unknown {
  const typed = isFull(error) ? outOfSpace(error) : error;
  if (typed instanceof BerthError && typed.type === 'NoDeviceFree') {
    return ApplicationFailure.create({
      type: typed.type,
      message: typed.message,
      nonRetryable: false,
      nextRetryDelay: deviceRetryMs,
      category: ApplicationFailureCategory.BENIGN,
    });
  }
  return toApplicationFailure(typed);
}

/** ENOSPC: the file system is full. EDQUOT: the user's share of it is. */
function isFull(error: unknown): error is NodeJS.ErrnoException {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return !(error instanceof BerthError) && (code === 'ENOSPC' || code === 'EDQUOT');
}

function outOfSpace(error: NodeJS.ErrnoException): BerthError {
  const where = error.path ?? error.message.split('\n')[0];
  return berthError(
    'OutOfSpace',
    `${where}: no space left on its file system; free some and retry`,
  );
}

/** Innermost of a worker's interceptors: every activity fails with a converted error. */
export const failureInterceptor: ActivityInterceptorsFactory = () => ({
  inbound: {
    async execute(input, next) {
      try {
        return await next(input);
      } catch (error) {
        throw convertFailure(error);
      }
    },
  },
});
