import type { PendingActivity } from '../../../workers/client/jobProgress.ts';

/** `sealShard, attempt 2: disk full` */
export function formatRetry({ type, attempt, lastFailure }: PendingActivity): string {
  return `${type}, attempt ${attempt}: ${lastFailure}`;
}
