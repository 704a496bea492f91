import type { WarmResult } from '../../../workflows/contracts/activities.ts';
import type { IngestResult } from '../../../workflows/contracts/ingest.ts';
import { describeIngestResult, formatStages } from './ingestReport.ts';
import { formatFields } from './table.ts';
import { formatBytes, formatPercent } from './units.ts';

/** What `npm start` shows once the sample model is in and warm. */
export function formatStartReport(
  result: IngestResult,
  warm: WarmResult,
  url: string | undefined,
): string {
  const share = warm.bytes > 0 ? ` (${formatPercent(warm.residentBytes / warm.bytes)})` : '';
  return [
    formatFields([
      ...describeIngestResult(result),
      ['mapped path', warm.path],
      ['resident', `${formatBytes(warm.residentBytes)} of ${formatBytes(warm.bytes)}${share}`],
      ['workflow', url ?? result.workflowId],
    ]),
    '',
    formatStages([
      ...result.stages,
      // A copy that was there took no time to open, so it has no rate.
      { name: 'warm', seconds: warm.seconds, bytes: warm.reused ? 0 : warm.bytes },
    ]),
  ].join('\n');
}
