import type { ScheduleOptions } from '@temporalio/client';
import type { SearchAttributePair } from '@temporalio/common';
import { backfillWorkflowId } from '../../../workflows/contracts/backfill/messages.ts';
import type { BackfillInput } from '../../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { workflowTaskQueue } from '../../../workflows/contracts/ids.ts';
import { ensureWithAttributes, type ScheduleSettings } from '../scheduledJobs.ts';
import { buildScheduleTiming } from '../scheduleSpec.ts';
import type { EnsuredSchedule } from '../schedules.ts';
import type { Session } from '../session.ts';
import { scheduledBackfillWorkflowType } from './findBackfillJob.ts';
import { describeBackfill, hashRequest, modelOf, requestMemo } from './startBackfill.ts';

/**
 * A schedule of a backfill. The model's tag and the source are looked up when a run begins.
 * @throws BerthError InvalidRequest for a bad timing, a dry run or a deadline
 */
export function buildBackfillSchedule(
  settings: ScheduleSettings,
  input: BackfillInput,
  typedSearchAttributes?: SearchAttributePair[],
): ScheduleOptions {
  const { request } = input;
  if (input.dryRun) {
    throw berthError('InvalidRequest', 'schedule: a dry run writes nothing; leave --dry-run');
  }
  if (request.deadline !== null) {
    throw berthError(
      'InvalidRequest',
      'schedule: a deadline is one point in time; use --between for the hours of each day',
    );
  }
  const workflowId = backfillWorkflowId(request.collection);
  return {
    scheduleId: settings.id ?? workflowId,
    ...buildScheduleTiming(settings),
    action: {
      type: 'startWorkflow',
      // Starts the collection's one job, with what it is told here.
      workflowType: scheduledBackfillWorkflowType,
      // The server appends the time of each start.
      workflowId: `${workflowId}/scheduled`,
      taskQueue: workflowTaskQueue,
      args: [input],
      memo: { [requestMemo]: hashRequest(request, false) },
      typedSearchAttributes,
      ...describeBackfill(request),
    },
  };
}

/** Creates or changes it. @throws BerthError InvalidRequest, StackUnavailable */
export function ensureBackfillSchedule(
  session: Session,
  settings: ScheduleSettings,
  input: BackfillInput,
): Promise<EnsuredSchedule> {
  return ensureWithAttributes(session, 'backfill', modelOf(input.request), (attributes) =>
    buildBackfillSchedule(settings, input, attributes),
  );
}
