import { CancellationScope, log, uuid4, workflowInfo } from '@temporalio/workflow';
import { clearingActivities, leaseActivities } from '../activityProxies.ts';
import type { Lease, LeaseSpec } from '../contracts/lease.ts';

/**
 * Runs `fn` while holding a lease and gives the devices back afterwards, also when `fn` fails or
 * the workflow is cancelled. Lease per partition of a long job, not per job, so that others get
 * their turn.
 *
 * Today's inside is the host's static allocator, asked through an activity.
 *
 * @throws ActivityFailure with cause `NoSuchDevice` when the host could never satisfy `spec`.
 */
export async function withStaticLease<T>(
  spec: Omit<LeaseSpec, 'requestId'>,
  fn: (lease: Lease) => Promise<T>,
): Promise<T> {
  const { workflowId, runId } = workflowInfo();
  const wanted = `${spec.devices} device${spec.devices === 1 ? '' : 's'} for ${spec.team}`;
  const requestId = uuid4();
  let lease: Lease | undefined;
  try {
    lease = await leaseActivities(spec.hostId, wanted).acquireLease(
      { ...spec, requestId },
      { workflowId, runId },
    );
    return await fn(lease);
  } finally {
    // A grant may have happened although the wait for it was cancelled: release by request, too.
    const held = lease ?? {
      leaseId: requestId,
      pool: 'static',
      team: spec.team,
      expiresAt: 0,
      devices: [],
    };
    await CancellationScope.nonCancellable(() => giveBack(spec.hostId, held));
  }
}

/** The device counts as free only once its bridge has exited, so clearing comes first. */
async function giveBack(hostId: string, lease: Lease): Promise<void> {
  await Promise.all(
    lease.devices.map(async (device) => {
      try {
        await clearingActivities(device.taskQueue).clearDevice({ lease });
      } catch (error) {
        log.warn('a device was not cleared; its worker ends the bridge when it returns', {
          deviceId: device.deviceId,
          error: String(error),
        });
      }
    }),
  );
  await leaseActivities(hostId, 'give devices back').releaseLease(lease);
}
