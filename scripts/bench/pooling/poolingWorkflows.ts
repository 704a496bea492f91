import { proxySinks, sleep } from '@temporalio/workflow';
import { withLease } from '../../../workflows/leases/withLease.ts';
import type { CycleInput, CycleSinks } from './cycles.ts';

export { gpuPoolWorkflow } from '../../../workflows/leases/gpuPoolWorkflow.ts';
export { lockRequesterWorkflow, lockWorkflow } from './mutexWorkflows.ts';

const { cycles } = proxySinks<CycleSinks>();

/** Asks its pool for one device, holds it, gives it back; again and again. */
export async function poolRequesterWorkflow({ resource, holdMs }: CycleInput): Promise<void> {
  for (;;) {
    const askedAt = Date.now();
    await withLease(
      { pool: resource, team: 'bench', devices: 1 },
      async () => {
        cycles.granted(Date.now() - askedAt);
        if (holdMs > 0) await sleep(holdMs);
      },
      // Nothing ran on a device, so that both sides are measured without any work of their own.
      { clear: async () => true },
    );
    cycles.released();
  }
}
