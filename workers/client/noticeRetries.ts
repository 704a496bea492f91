import type { WorkflowHandle } from '@temporalio/client';
import { readPendingActivities } from './pendingActivities.ts';
import type { Session } from './session.ts';

const lookEveryMs = 2_000;

/**
 * Tells of every attempt that failed while somebody waits: retries go on for minutes, and silence
 * would look like a hang.
 * @returns how to stop
 */
export function noticeRetries(
  session: Session,
  handle: Pick<WorkflowHandle, 'describe'>,
  what: string,
): () => void {
  const told = new Set<string>();
  const look = async () => {
    for (const { type, attempt, lastFailure } of readPendingActivities(await handle.describe())) {
      const line = `${what}: attempt ${attempt - 1} of ${type} failed, trying again: ${lastFailure}`;
      if (lastFailure === undefined || told.has(line)) continue;
      told.add(line);
      session.notify(line);
    }
  };
  // A look that fails is made again: whether the wait is over, awaitJob decides.
  const timer = setInterval(() => look().catch(() => undefined), lookEveryMs);
  return () => clearInterval(timer);
}
