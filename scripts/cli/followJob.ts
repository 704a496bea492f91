import type { IngestHandle } from '../../workers/client/ingestHandle.ts';
import type { IngestResult } from '../../workflows/contracts/ingest.ts';
import { type Cli, interruptedExitCode, type Outcome } from './cli.ts';
import { formatIngestReport } from './format/ingestReport.ts';
import { createProgressView } from './progress/progressView.ts';
import { waitForInterrupt } from './waitForInterrupt.ts';

/**
 * Shows a job on standard error until it ends.
 * @returns undefined after Ctrl-C: the job, being durable, goes on.
 */
export async function watchJob(cli: Cli, handle: IngestHandle): Promise<IngestResult | undefined> {
  const view = createProgressView(cli.stderr);
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

/** As a command: the report of a finished job, or how to come back to one that was left. */
export async function followJob(cli: Cli, handle: IngestHandle): Promise<Outcome> {
  const result = await watchJob(cli, handle);
  if (result !== undefined) return { json: result, text: formatIngestReport(result, handle.url) };
  const { workflowId } = handle;
  cli.stderr.write(
    `\nThe job goes on. Follow it: berth watch ${workflowId}\nStop it: berth cancel ${workflowId}\n`,
  );
  return { json: { workflowId, detached: true }, text: '', exitCode: interruptedExitCode };
}
