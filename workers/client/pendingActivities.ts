import type { WorkflowExecutionDescription } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { ActivityProgress } from '../../workflows/contracts/ingest.ts';
import type { PendingActivity } from './jobProgress.ts';

/** PENDING_ACTIVITY_STATE_STARTED and _CANCEL_REQUESTED of temporal/api/enums/v1/workflow.proto. */
const runningStates = new Set([2, 3]);

/** The activities of a description, with their heartbeats decoded. */
export function readPendingActivities(
  description: Pick<WorkflowExecutionDescription, 'raw'>,
): PendingActivity[] {
  return (description.raw.pendingActivities ?? []).map((activity) => ({
    type: activity.activityType?.name ?? '',
    attempt: activity.attempt ?? 1,
    started: runningStates.has(Number(activity.state)),
    heartbeat: readHeartbeat(activity.heartbeatDetails?.payloads?.[0]),
    lastFailure: activity.lastFailure?.message?.split('\n', 1)[0] || undefined,
  }));
}

type Payload = Parameters<typeof defaultPayloadConverter.fromPayload>[0];

/** Other activities may heartbeat other things, or nothing: only byte counters are shown. */
function readHeartbeat(payload: Payload | null | undefined): ActivityProgress | undefined {
  if (!payload) return undefined;
  try {
    const value = defaultPayloadConverter.fromPayload<Partial<ActivityProgress>>(payload);
    const { bytes, totalBytes } = value ?? {};
    return typeof bytes === 'number' && typeof totalBytes === 'number'
      ? { bytes, totalBytes }
      : undefined;
  } catch {
    return undefined;
  }
}
