import type { WorkflowInterceptorsFactory } from '@temporalio/workflow';
import { createStaleClockGuard } from './staleClockGuard.ts';

/** Stand around every workflow of a bundle that names this module among its interceptors. */
export const interceptors: WorkflowInterceptorsFactory = () => ({
  internals: [createStaleClockGuard()],
});
