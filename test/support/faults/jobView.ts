import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { isUnreachable } from '../../../workers/client/failures.ts';
import { readPendingActivities } from '../../../workers/client/pendingActivities.ts';

/** A job as the server sees it, through restarts of the server. */
export interface JobView {
  /** Waits until an activity of that type is being worked on. */
  whileRunning(activity: string, givenUp: AbortSignal): Promise<void>;
  /** Waits until somebody's request to cancel it has arrived. */
  cancelRequested(givenUp: AbortSignal): Promise<void>;
  /** How often activities of each type were completed; those of a shard as `type index`. */
  completed(): Promise<Record<string, number>>;
  /** Where it stands, for the message of a test that waited in vain. */
  summary(): Promise<string>;
  close(): Promise<void>;
}

/** A server tells nobody when an activity begins, so it is asked again and again. */
const askEveryMs = 20;

export function viewJob(address: string, workflowId: string): JobView {
  const connection = Connection.lazy({ address });
  const client = new Client({ connection, namespace: 'berth' });
  const handle = client.workflow.getHandle(workflowId);
  const events = async () => (await handle.fetchHistory()).events ?? [];

  async function poll(look: () => Promise<boolean>, givenUp: AbortSignal): Promise<void> {
    for (;;) {
      givenUp.throwIfAborted();
      const seen = await look().catch((error) => {
        if (isUnreachable(error)) return false;
        throw error;
      });
      if (seen) return;
      await delay(askEveryMs, undefined, { signal: givenUp });
    }
  }

  return {
    whileRunning: (activity, givenUp) =>
      poll(
        async () =>
          readPendingActivities(await handle.describe()).some(
            ({ type, started }) => type === activity && started,
          ),
        givenUp,
      ),

    cancelRequested: (givenUp) =>
      poll(
        async () =>
          (await events()).some((event) => event.workflowExecutionCancelRequestedEventAttributes),
        givenUp,
      ),

    async completed() {
      const scheduled = new Map<string, string>();
      const counts: Record<string, number> = {};
      for (const event of await events()) {
        const begun = event.activityTaskScheduledEventAttributes;
        if (begun) {
          const type = begun.activityType?.name ?? '';
          const input = begun.input?.payloads?.[0];
          scheduled.set(String(event.eventId), input ? `${type}${indexIn(input)}` : type);
        }
        const done = event.activityTaskCompletedEventAttributes;
        if (!done) continue;
        const name = scheduled.get(String(done.scheduledEventId)) ?? 'unknown';
        counts[name] = (counts[name] ?? 0) + 1;
      }
      return counts;
    },

    async summary() {
      const description = await handle.describe();
      const pending = readPendingActivities(description).map(
        ({ type, attempt, started, lastFailure }) =>
          `${type} (attempt ${attempt}, ${started ? 'started' : 'waiting'}, ${lastFailure ?? 'no failure'})`,
      );
      return `the job is ${description.status.name}; ${pending.join(', ') || 'no activity is pending'}`;
    },

    close: () => connection.close(),
  };
}

function indexIn(payload: Parameters<typeof defaultPayloadConverter.fromPayload>[0]): string {
  const input = defaultPayloadConverter.fromPayload<{ index?: number }>(payload);
  return typeof input?.index === 'number' ? ` ${input.index}` : '';
}
