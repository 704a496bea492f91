import type { IngestHandle } from '../../workers/client/ingestHandle.ts';
import type { IngestResult } from '../../workflows/contracts/ingest.ts';
import type { Cli, Outcome } from './cli.ts';
import { followHandle, watchHandle } from './followHandle.ts';
import { formatIngestReport } from './format/ingestReport.ts';
import { createProgressView } from './progress/progressView.ts';

/**
 * Shows a job on standard error until it ends.
 * @returns undefined after Ctrl-C: the job, being durable, goes on.
 */
export function watchJob(cli: Cli, handle: IngestHandle): Promise<IngestResult | undefined> {
  return watchHandle(cli, handle, createProgressView(cli.stderr));
}

/** As a command: the report of a finished job, or how to come back to one that was left. */
export function followJob(cli: Cli, handle: IngestHandle): Promise<Outcome> {
  return followHandle(cli, handle, createProgressView(cli.stderr), (result) => ({
    json: result,
    text: formatIngestReport(result, handle.url),
  }));
}
