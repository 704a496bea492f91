import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';

/**
 * Whether work failed because its device is no longer ours (the pool took the lease back, the device
 * fences its epoch) or because the device's worker is away. Another lease may do.
 */
export function leaseWasLost(error: unknown): boolean {
  if (leaseWasRevoked(error)) return true;
  if (!(error instanceof ActivityFailure)) return false;
  const { cause } = error;
  if (cause instanceof ApplicationFailure) return cause.type === 'LeaseFenced';
  return cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START';
}

/** Whether the pool took the lease back, and `withGpuLease` ended for it. */
export function leaseWasRevoked(error: unknown): boolean {
  return error instanceof ApplicationFailure && error.type === 'LeaseRevoked';
}
