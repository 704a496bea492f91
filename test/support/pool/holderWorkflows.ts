import {
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  isCancellation,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type { GpuLeaseSpec, Lease } from '../../../workflows/contracts/lease.ts';
import { type LeaseWait, withGpuLease } from '../../../workflows/leases/withGpuLease.ts';
import { withLease } from '../../../workflows/leases/withLease.ts';

export { gpuPoolWorkflow } from '../../../workflows/leases/gpuPoolWorkflow.ts';
export { holdLeaseWorkflow } from '../../../workflows/leases/holdLeaseWorkflow.ts';

export interface HolderState {
  waits: LeaseWait[];
  leases: Lease[];
  /** Leases whose work was cancelled and saved its place. */
  saved: string[];
}

export const goOnSignal = defineSignal('goOn');
export const holderStateQuery = defineQuery<HolderState>('holderState');

/** Holds a lease until it is told to go on; saves its place when the lease is taken back. */
export async function holderWorkflow(spec: GpuLeaseSpec): Promise<string> {
  const state: HolderState = { waits: [], leases: [], saved: [] };
  let goOn = false;
  setHandler(goOnSignal, () => {
    goOn = true;
  });
  setHandler(holderStateQuery, () => state);
  const onWaiting = (wait: LeaseWait) => void state.waits.push(wait);
  return withGpuLease(
    spec,
    async (lease) => {
      state.leases.push(lease);
      try {
        await condition(() => goOn);
      } catch (error) {
        if (isCancellation(error)) {
          await CancellationScope.nonCancellable(() => sleep(1));
          state.saved.push(lease.leaseId);
        }
        throw error;
      }
      return lease.leaseId;
    },
    { onWaiting },
  );
}

/** Several leases at a time in one workflow. */
export async function manyLeasesWorkflow(specs: GpuLeaseSpec[]): Promise<Lease[]> {
  return Promise.all(specs.map((spec) => withGpuLease(spec, async (lease) => lease)));
}

/** Lease after lease without any work, `cycles` times; returns the epochs that it was lent. */
export async function churnWorkflow(spec: GpuLeaseSpec, cycles: number): Promise<string[]> {
  const seen: string[] = [];
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    await withLease(
      spec,
      async (lease) => {
        seen.push(...lease.devices.map(({ deviceId, epoch }) => `${deviceId} ${epoch}`));
      },
      { clear: async () => true },
    );
  }
  return seen;
}
