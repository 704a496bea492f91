import type { BackfillHandle } from '../../workers/client/backfill/backfillHandle.ts';
import type { BackfillResult } from '../../workflows/contracts/backfill/progress.ts';
import type { Cli, Outcome } from './cli.ts';
import { followHandle, watchHandle } from './followHandle.ts';
import { formatBackfillReport } from './format/backfill.ts';
import { createBackfillView } from './progress/backfillView.ts';

/** @returns undefined after Ctrl-C: the job goes on. */
export function watchBackfill(
  cli: Cli,
  handle: BackfillHandle,
): Promise<BackfillResult | undefined> {
  return watchHandle(cli, handle, createBackfillView(cli.stderr));
}

/** As a command: the report of a finished backfill, or how to come back to one that was left. */
export function followBackfill(cli: Cli, handle: BackfillHandle): Promise<Outcome> {
  return followHandle(cli, handle, createBackfillView(cli.stderr), (result) => ({
    json: toJson(result),
    text: formatBackfillReport(result, handle.url),
  }));
}

/** Of an estimate there is nothing else to tell. */
function toJson(result: BackfillResult): unknown {
  const { estimate, ...rest } = result;
  return estimate === null ? rest : { workflowId: rest.workflowId, estimate };
}
