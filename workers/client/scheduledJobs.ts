import type { ScheduleOptions } from '@temporalio/client';
import type { SearchAttributePair } from '@temporalio/common';
import type { WarmModelInput } from '../../workflows/contracts/catalogue.ts';
import { workflowTaskQueue } from '../../workflows/contracts/ids.ts';
import type { IngestInput } from '../../workflows/contracts/ingest.ts';
import { buildScheduleTiming, type ScheduleTiming } from './scheduleSpec.ts';
import { type EnsuredSchedule, ensureSchedule, toScheduleError } from './schedules.ts';
import { withSearchAttributes } from './searchAttributes.ts';
import type { Session } from './session.ts';
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

/** Creates or changes the schedule of an ingest. @throws BerthError InvalidRequest, StackUnavailable */
export async function ensureIngestSchedule(
  session: Session,
  settings: ScheduleSettings,
  input: Omit<IngestInput, 'listingSha256'>,
): Promise<EnsuredSchedule> {
  const { name, tag } = input.request;
  return ensureWithAttributes(session, 'ingest', `${name}:${tag}`, (attributes) =>
    buildIngestSchedule(settings, input, attributes),
  );
}

/** Creates or changes the schedule of a warm. @throws BerthError InvalidRequest, StackUnavailable */
export async function ensureWarmSchedule(
  session: Session,
  settings: ScheduleSettings,
  input: WarmModelInput,
): Promise<EnsuredSchedule> {
  return ensureWithAttributes(session, 'warm', input.ref, (attributes) =>
    buildWarmSchedule(settings, input, attributes),
  );
}

/** Creates or changes a schedule, without search attributes where the server does not know them. */
export async function ensureWithAttributes(
  session: Session,
  pipeline: string,
  model: string,
  build: (attributes: SearchAttributePair[] | undefined) => ScheduleOptions,
): Promise<EnsuredSchedule> {
  const { scheduleId } = build(undefined);
  try {
    return await withSearchAttributes({ pipeline, model, hostId: session.hostId }, (attributes) =>
      ensureSchedule(session, build(attributes)),
    );
  } catch (error) {
    throw toScheduleError(error, scheduleId);
  }
}
