import { Context } from '@temporalio/activity';
import type { ActivityProgress } from '../../workflows/contracts/ingest.ts';

/** Work off the JavaScript thread that can be watched and stopped (see native/addon). */
export interface WatchedJob<T> {
  result: Promise<T>;
  progress(): number;
  cancel(): void;
}

/**
 * Awaits native work while heartbeating its bytes, and stops it when the activity is cancelled:
 * a cancellation only arrives through heartbeats. Outside an activity it just awaits.
 */
export async function heartbeatWhile<T>(
  job: WatchedJob<T>,
  totalBytes: number,
  doneBefore = 0,
): Promise<T> {
  const context = currentActivity();
  if (context === undefined) return job.result;
  const beat = () =>
    context.heartbeat({
      bytes: doneBefore + job.progress(),
      totalBytes,
    } satisfies ActivityProgress);
  const timer = setInterval(beat, 500);
  const onCancel = () => job.cancel();
  context.cancellationSignal.addEventListener('abort', onCancel, { once: true });
  if (context.cancellationSignal.aborted) job.cancel();
  try {
    return await job.result;
  } catch (error) {
    context.cancellationSignal.throwIfAborted();
    throw error;
  } finally {
    clearInterval(timer);
    context.cancellationSignal.removeEventListener('abort', onCancel);
    beat();
  }
}

function currentActivity(): Context | undefined {
  try {
    return Context.current();
  } catch {
    return undefined;
  }
}
