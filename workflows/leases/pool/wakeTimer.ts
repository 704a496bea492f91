import { CancellationScope, sleep } from '@temporalio/workflow';

/**
 * The one timer of a main loop. It is set anew only for something earlier, as each setting costs
 * two events: deadlines that are put off wake the loop once for nothing instead.
 */
export interface WakeTimer {
  /** Wakes at `at` (ms since the Unix epoch) at the latest; null asks for nothing. */
  wakeBy(at: number | null): void;
}

/** The server takes no timer of thousands of years; a deadline further away is looked at again. */
const longestMs = 24 * 3_600_000;

export function createWakeTimer(onWake: () => void): WakeTimer {
  let armed: { at: number; scope: CancellationScope } | undefined;
  return {
    wakeBy(at) {
      if (at === null || (armed !== undefined && armed.at <= at)) return;
      armed?.scope.cancel();
      const timer = { at, scope: new CancellationScope() };
      armed = timer;
      const wait = Math.min(longestMs, Math.max(1, Math.ceil(at - Date.now())));
      timer.scope
        .run(() => sleep(wait))
        .then(
          () => {
            armed = undefined;
            onWake();
          },
          // Cancelled by an earlier deadline.
          () => {},
        );
    },
  };
}
