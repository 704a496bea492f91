import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { DeviceActivities, HostActivities } from './contracts/activities.ts';
import { hostTaskQueue } from './contracts/ids.ts';

/**
 * A worker heartbeats several times in this time while it lives; its silence means that it died,
 * and another attempt may begin.
 */
const heartbeatTimeout = '20 seconds';

/**
 * Whoever tidies up after a cancelled job must know that nothing of it runs any more, and a
 * publication for which the request came too late is done. Said outright: unset means TRY_CANCEL.
 */
const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;

/** Activities on one host. `summary` is what the Web UI shows beside the activity's name. */
export function hostActivities(hostId: string, summary: string): HostActivities {
  return proxyActivities<HostActivities>({
    taskQueue: hostTaskQueue(hostId),
    startToCloseTimeout: '24 hours',
    heartbeatTimeout,
    cancellationType,
    summary,
    // Only unexpected errors get here: what cannot succeed is marked non-retryable by its type.
    retry: { initialInterval: '1 second', maximumInterval: '30 seconds', maximumAttempts: 20 },
  });
}

/**
 * Activities on one leased device. A device worker that is away for two minutes counts as lost:
 * the time-out is not retried, so that the holder can take another device.
 */
export function deviceActivities(taskQueue: string, summary: string): DeviceActivities {
  return proxyActivities<DeviceActivities>({
    taskQueue,
    scheduleToStartTimeout: '2 minutes',
    startToCloseTimeout: '24 hours',
    heartbeatTimeout,
    cancellationType,
    summary,
    retry: { initialInterval: '1 second', maximumInterval: '10 seconds', maximumAttempts: 5 },
  });
}

/** Ends what runs on a device that is being given back; a dead worker needs no clearing. */
export function clearingActivities(taskQueue: string): Pick<DeviceActivities, 'clearDevice'> {
  return proxyActivities<DeviceActivities>({
    taskQueue,
    scheduleToStartTimeout: '30 seconds',
    startToCloseTimeout: '1 minute',
    heartbeatTimeout,
    cancellationType,
    summary: 'end the bridge',
    retry: { maximumAttempts: 3 },
  });
}
