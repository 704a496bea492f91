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
  // The gate has opened it as a consumer would, and that copy is kept.
  const note = warm.reused ? 'shared' : undefined;
  return [
    formatFields([
      ...describeIngestResult(result),
      ['mapped path', warm.path],
      ['resident', `${formatBytes(warm.residentBytes)} of ${formatBytes(warm.bytes)}${share}`],
      ['workflow', url ?? result.workflowId],
    ]),
    '',
    formatStages([...result.stages, { ...warm, name: 'warm', note }]),
  ].join('\n');
}
