import { Context } from '@temporalio/activity';

/** What a page tells of itself while it runs. */
export interface PageProgress {
  done: number;
  total: number;
}

export interface Pulse {
  /** Aborted when the activity is cancelled; never outside of one. */
  signal: AbortSignal;
  report(progress: PageProgress): void;
}

const beatMs = 1_000;

/** Runs the work of a page inside an activity: heartbeats, because a cancellation only comes by them. */
export async function withPulse<T>(work: (pulse: Pulse) => Promise<T>): Promise<T> {
  const context = currentActivity();
  if (context === undefined) return work({ signal: new AbortController().signal, report() {} });
  let latest: PageProgress = { done: 0, total: 0 };
  const beat = () => context.heartbeat(latest);
  const timer = setInterval(beat, beatMs);
  beat();
  try {
    const report = (progress: PageProgress) => {
      latest = progress;
    };
    return await work({ signal: context.cancellationSignal, report });
  } catch (error) {
    context.cancellationSignal.throwIfAborted();
    throw error;
  } finally {
    clearInterval(timer);
  }
}

function currentActivity(): Context | undefined {
  try {
    return Context.current();
  } catch {
    return undefined;
  }
}
