import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type {
  BackfillActivities,
  EmbeddingActivities,
  QueryActivities,
} from '../contracts/backfill/activities.ts';
import { hostTaskQueue, queryTaskQueue } from '../contracts/ids.ts';

/** As of other activities: a worker's silence means that it died, and another attempt may begin. */
const heartbeatTimeout = '20 seconds';

/** Whoever abandons a collection must know that nobody writes into it any more. */
const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;

/** Steps of a backfill on its host. `summary` is what the Web UI shows beside the activity's name. */
export function backfillActivities(hostId: string, summary: string): BackfillActivities {
  return proxyActivities<BackfillActivities>({
    taskQueue: hostTaskQueue(hostId),
    startToCloseTimeout: '24 hours',
    heartbeatTimeout,
    cancellationType,
    summary,
    retry: { initialInterval: '1 second', maximumInterval: '30 seconds', maximumAttempts: 20 },
  });
}

/** Nothing is done yet, and somebody may wait: a mistyped address is told within half a minute. */
export function planActivities(
  hostId: string,
  summary: string,
): Pick<BackfillActivities, 'planBackfill'> {
  return proxyActivities<BackfillActivities>({
    taskQueue: hostTaskQueue(hostId),
    startToCloseTimeout: '24 hours',
    heartbeatTimeout,
    cancellationType,
    summary,
    retry: { initialInterval: '1 second', maximumAttempts: 5 },
  });
}

/** Pages on the host: a week-long job outlives a store or an endpoint that is away for an hour. */
export function pageActivities(hostId: string, summary: string): BackfillActivities {
  return proxyActivities<BackfillActivities>({
    taskQueue: hostTaskQueue(hostId),
    startToCloseTimeout: '24 hours',
    heartbeatTimeout,
    cancellationType,
    summary,
    retry: { initialInterval: '1 second', maximumInterval: '1 minute', maximumAttempts: 65 },
  });
}

/** Pages on one leased device; a worker that is away for two minutes counts as a lost lease. */
export function embeddingActivities(taskQueue: string, summary: string): EmbeddingActivities {
  return proxyActivities<EmbeddingActivities>({
    taskQueue,
    scheduleToStartTimeout: '2 minutes',
    startToCloseTimeout: '24 hours',
    heartbeatTimeout,
    cancellationType,
    summary,
    retry: { initialInterval: '1 second', maximumInterval: '10 seconds', maximumAttempts: 5 },
  });
}

/** Somebody waits for the answer: it comes soon, or not at all. */
export function searchActivities(
  hostId: string,
  summary: string,
): Pick<QueryActivities, 'searchCollection'> {
  return proxyActivities<QueryActivities>({
    taskQueue: queryTaskQueue(hostId),
    scheduleToStartTimeout: '1 minute',
    scheduleToCloseTimeout: '3 minutes',
    heartbeatTimeout,
    cancellationType,
    summary,
    retry: {
      initialInterval: '200 milliseconds',
      maximumInterval: '5 seconds',
      maximumAttempts: 5,
    },
  });
}

/** Queries of known items, embedded as a search would. */
export function queryActivities(
  hostId: string,
  summary: string,
): Pick<QueryActivities, 'embedQueries'> {
  return proxyActivities<QueryActivities>({
    taskQueue: queryTaskQueue(hostId),
    startToCloseTimeout: '2 hours',
    heartbeatTimeout,
    cancellationType,
    summary,
    retry: { initialInterval: '1 second', maximumInterval: '30 seconds', maximumAttempts: 10 },
  });
}
