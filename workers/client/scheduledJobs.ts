import type { ScheduleOptions } from '@temporalio/client';
import type { SearchAttributePair } from '@temporalio/common';
import type { WarmModelInput } from '../../workflows/contracts/catalogue.ts';
import { workflowTaskQueue } from '../../workflows/contracts/ids.ts';
import type { IngestInput } from '../../workflows/contracts/ingest.ts';
import { buildScheduleTiming, type ScheduleTiming } from './scheduleSpec.ts';
import { describeIngest, ingestWorkflowType } from './startIngest.ts';

/** What a schedule needs besides its job. */
export interface ScheduleSettings extends ScheduleTiming {
  /** Default `ingest/<name>/<tag>` or `warm/<ref>`: asking again changes that schedule. */
  id?: string;
}

/**
 * A schedule of an ingest. The source is listed when a run begins, not now: `listingSha256` is
 * empty, so that every run takes the files as they are then.
 * @throws BerthError InvalidRequest for a bad timing
 */
export function buildIngestSchedule(
  settings: ScheduleSettings,
  input: Omit<IngestInput, 'listingSha256'>,
  typedSearchAttributes?: SearchAttributePair[],
): ScheduleOptions {
  const { name, tag } = input.request;
  const id = settings.id ?? `ingest/${name}/${tag}`;
  const run: IngestInput = { ...input, listingSha256: '' };
  return {
    scheduleId: id,
    ...buildScheduleTiming(settings),
    action: {
      type: 'startWorkflow',
      workflowType: ingestWorkflowType,
      // The server appends the time of each start.
      workflowId: `ingest/${name}/${tag}/scheduled`,
      taskQueue: workflowTaskQueue,
      args: [run],
      typedSearchAttributes,
      ...describeIngest(input.request),
    },
  };
}

/** A schedule that warms whatever `input.ref` names at the time of each run. */
export function buildWarmSchedule(
  settings: ScheduleSettings,
  input: WarmModelInput,
  typedSearchAttributes?: SearchAttributePair[],
): ScheduleOptions {
  return {
    scheduleId: settings.id ?? `warm/${input.ref}`,
    ...buildScheduleTiming(settings),
    action: {
      type: 'startWorkflow',
      workflowType: 'warmModelWorkflow',
      workflowId: `warm/${input.ref}/scheduled`,
      taskQueue: workflowTaskQueue,
      args: [input],
      typedSearchAttributes,
      staticSummary: `warm ${input.ref}`,
    },
  };
}
