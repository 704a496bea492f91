import { log } from '@temporalio/workflow';
import { clearingActivities } from '../activityProxies.ts';
import type { GpuLeaseSpec, Lease, LeasedDevice } from '../contracts/lease.ts';
import { type LeaseWait, withLease } from './withLease.ts';

export type { GpuLeaseSpec, Lease, LeasedDevice } from '../contracts/lease.ts';
export { leaseWasLost } from './leaseWasLost.ts';
export { retryLostLease } from './retryLostLease.ts';
export type { LeaseWait } from './withLease.ts';

/**
 * Runs `fn` while holding a lease of whole devices, and gives them back afterwards, also when `fn`
 * fails or the workflow is cancelled. Lease per partition of a long job, not per job, so that others
 * get their turn. Several may be asked for at a time.
 *
 * When the pool takes the lease back, the scope that `fn` runs in is cancelled at once and the
 * devices stay for the pool's grace: `fn` may catch the cancellation, save its place in a
 * non-cancellable scope, and has to throw the cancellation on. A `restartable` lease then waits for
 * its next grant and runs `fn` again, from its beginning; any other ends with `LeaseRevoked`, for
 * `retryLostLease`.
 *
 * @param options `onWaiting`: each time that a request begins to wait
 * @throws ApplicationFailure `LeaseRevoked`; `StackUnavailable` when the pool does not run;
 *   `NoSuchDevice`, `InvalidRequest` or `PoolFull` when the pool refuses the request
 */
export function withGpuLease<T>(
  spec: GpuLeaseSpec,
  fn: (lease: Lease) => Promise<T>,
  { onWaiting }: { onWaiting?(wait: LeaseWait): void } = {},
): Promise<T> {
  return withLease(spec, fn, { clear, onWaiting });
}

async function clear(lease: Lease, { deviceId, taskQueue }: LeasedDevice): Promise<boolean> {
  try {
    await clearingActivities(taskQueue).clearDevice({ lease });
    return true;
  } catch (error) {
    log.warn('a device was not cleared; its host ends what runs there', {
      deviceId,
      error: String(error),
    });
    return false;
  }
}
