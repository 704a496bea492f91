import { type Cli, interruptedExitCode, type Outcome } from './cli.ts';
import { waitForInterrupt } from './waitForInterrupt.ts';

/** Any job that can be watched. */
export interface WatchableJob<Progress, Result> {
  readonly workflowId: string;
  watch(onProgress: (progress: Progress) => void): Promise<Result>;
}

/** Shows how a job moves on; never on standard output. */
export interface JobView<Progress> {
  update(progress: Progress): void;
  /** Leaves what was shown and gives the terminal back. */
  stop(): void;
}

/**
 * Shows a job until it ends.
 * @returns undefined after Ctrl-C: the job, being durable, goes on.
 */
export async function watchHandle<P, R>(
  cli: Cli,
  handle: WatchableJob<P, R>,
  view: JobView<P>,
): Promise<R | undefined> {
  const { interrupted, stop } = waitForInterrupt(cli);
  let watching = true;
  try {
    const result = handle.watch((progress) => watching && view.update(progress));
    // After an interruption nobody waits for it any more.
    result.catch(() => undefined);
    const first = await Promise.race([result, interrupted]);
    return first === 'interrupted' ? undefined : first;
  } finally {
    watching = false;
    stop();
    view.stop();
  }
}

/** As a command: what a finished job reports, or how to come back to one that was left. */
export async function followHandle<P, R>(
  cli: Cli,
  handle: WatchableJob<P, R>,
  view: JobView<P>,
  report: (result: R) => Outcome,
): Promise<Outcome> {
  const result = await watchHandle(cli, handle, view);
  if (result !== undefined) return report(result);
  const { workflowId } = handle;
  cli.stderr.write(
    `\nThe job goes on. Follow it: berth watch ${workflowId}\nStop it: berth cancel ${workflowId}\n`,
  );
  return { json: { workflowId, detached: true }, text: '', exitCode: interruptedExitCode };
}
