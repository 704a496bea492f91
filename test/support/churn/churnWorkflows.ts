import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import { deviceActivities } from '../../../workflows/activityProxies.ts';
import type { GpuLeaseSpec, Lease, LeasedDevice } from '../../../workflows/contracts/lease.ts';
import { withGpuLease } from '../../../workflows/leases/withGpuLease.ts';

/** A user's workflow: takes a lease, works with an activity on each of its devices, gives it back. */
export async function churnHolderWorkflow(spec: GpuLeaseSpec, seconds: number): Promise<string> {
  return withGpuLease(spec, async (lease) => {
    await Promise.all(lease.devices.map((device) => occupy(lease, device, seconds)));
    return lease.leaseId;
  });
}

/** Sends a lease that is over to its device once more. @returns what the device said of it */
export async function replayLeaseWorkflow(lease: Lease, device: LeasedDevice): Promise<string> {
  try {
    await occupy(lease, device, 0);
    return 'admitted';
  } catch (error) {
    const cause = error instanceof ActivityFailure ? error.cause : error;
    if (cause instanceof ApplicationFailure) return cause.type ?? 'Unexpected';
    return String(cause);
  }
}

/** journal_bridge.py stands in for the method's own work. */
function occupy(lease: Lease, device: LeasedDevice, seconds: number) {
  const { leaseId } = lease;
  const order = JSON.stringify({ leaseId, lease, device, seconds });
  return deviceActivities(device.taskQueue, `occupy ${device.deviceId}`).resolveModules({
    lease,
    artifactId: 'churn',
    source: '',
    quantize: 'nf4',
    doubleQuant: false,
    skipModules: [order],
  });
}
