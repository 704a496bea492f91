import {
  ScheduleAlreadyRunning,
  type ScheduleHandle,
  ScheduleNotFoundError,
  type ScheduleOptions,
} from '@temporalio/client';
import { berthError } from '../../workflows/contracts/errors.ts';
import { toBerthError } from './failures.ts';
import type { Session } from './session.ts';

/** A schedule as `list` reports it. */
export interface ScheduleInfo {
  id: string;
  workflow: string;
  paused: boolean;
  note: string | undefined;
  /** ISO 8601; the next starts, at most three. */
  nextRuns: string[];
  /** The last starts, newest first, at most three. */
  recentRuns: { workflowId: string; startedAt: string }[];
}

/** What `ensure…` did. */
export interface EnsuredSchedule {
  id: string;
  action: 'created' | 'updated';
}

/** Administration of schedules. Errors: InvalidRequest for an unknown id, StackUnavailable. */
export interface ScheduleAdministration {
  list(): Promise<ScheduleInfo[]>;
  pause(id: string, note?: string): Promise<void>;
  unpause(id: string, note?: string): Promise<void>;
  /** Starts its job now, unless one of it is running. */
  trigger(id: string): Promise<void>;
  delete(id: string): Promise<void>;
}

/**
 * Creates the schedule, or makes the one of that id the same as this; asking twice changes nothing.
 * A paused schedule stays paused.
 */
export async function ensureSchedule(
  session: Session,
  options: ScheduleOptions,
): Promise<EnsuredSchedule> {
  const { schedule } = session.client;
  const id = options.scheduleId;
  // Updating comes first: a busy server was seen to create a schedule a second time, unpaused.
  if (await updateSchedule(session, options)) return { id, action: 'updated' };
  try {
    await schedule.create(options);
    return { id, action: 'created' };
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
  await updateSchedule(session, options);
  return { id, action: 'updated' };
}

/** @returns false when there is none of that id */
async function updateSchedule({ client }: Session, options: ScheduleOptions): Promise<boolean> {
  try {
    await client.schedule.getHandle(options.scheduleId).update(({ state }) => ({
      ...options,
      state: { paused: state.paused, note: state.note },
    }));
    return true;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  }
}

export function createScheduleAdministration(open: () => Promise<Session>): ScheduleAdministration {
  const act = async (id: string, action: (handle: ScheduleHandle) => Promise<void>) => {
    const session = await open();
    try {
      await action(session.client.schedule.getHandle(id));
    } catch (error) {
      throw toScheduleError(error, id);
    }
  };
  return {
    async list() {
      const session = await open();
      try {
        return await listSchedules(session);
      } catch (error) {
        throw toScheduleError(error, 'schedules');
      }
    },
    pause: (id, note) => act(id, (handle) => handle.pause(note ?? 'paused by berth schedules')),
    unpause: (id, note) =>
      act(id, (handle) => handle.unpause(note ?? 'unpaused by berth schedules')),
    trigger: (id) => act(id, (handle) => handle.trigger('SKIP')),
    delete: (id) => act(id, (handle) => handle.delete()),
  };
}

async function listSchedules(session: Session): Promise<ScheduleInfo[]> {
  const found: ScheduleInfo[] = [];
  for await (const { scheduleId, action, state, info } of session.client.schedule.list()) {
    found.push({
      id: scheduleId,
      workflow: action?.workflowType ?? '',
      paused: state.paused,
      note: state.note,
      nextRuns: info.nextActionTimes.slice(0, 3).map((time) => time.toISOString()),
      recentRuns: info.recentActions
        .slice(-3)
        .reverse()
        .map((run) => ({
          workflowId: run.action.workflow.workflowId,
          startedAt: run.takenAt.toISOString(),
        })),
    });
  }
  return found.sort((a, b) => a.id.localeCompare(b.id));
}

/** Names the schedule and, for what the server alone can check (cron), its reason. */
export function toScheduleError(error: unknown, id: string): Error {
  if (error instanceof ScheduleNotFoundError) {
    return berthError('InvalidRequest', `schedule ${id}: no such schedule; see berth schedules`);
  }
  // The SDK makes one of the server's "Invalid schedule spec".
  if (error instanceof TypeError) {
    return berthError('InvalidRequest', `schedule ${id}: ${error.message}; correct its timing`);
  }
  return toBerthError(error, `schedule ${id}`);
}
