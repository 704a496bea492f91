import type { GateReport, IngestResult, StageReport } from '../../../workflows/contracts/ingest.ts';
import { formatFields, formatTable } from './table.ts';
import { formatBytes, formatPercent, formatRate, formatSeconds } from './units.ts';

/** What a finished ingest delivered, for a person. */
export function formatIngestReport(result: IngestResult, url?: string): string {
  return [
    formatFields([
      ...describeIngestResult(result),
      ['workflow', result.workflowId],
      ['web UI', url],
    ]),
    '',
    formatStages(result.stages),
  ].join('\n');
}

/** Labels and values of the result, for formatFields. */
export function describeIngestResult(
  result: IngestResult,
): [label: string, value: string | undefined][] {
  const { sourceBytes, modelBytes, storedBytes } = result;
  return [
    ['model', result.ref],
    ['artifact', result.artifact],
    ['content', `sha256:${result.contentDigest}`],
    ['size before', formatBytes(sourceBytes)],
    ['size after', `${formatBytes(modelBytes)} (${formatShare(modelBytes, sourceBytes)})`],
    ['stored', `${formatBytes(storedBytes)}, encrypted`],
    ['shards', String(result.shards)],
    ['accuracy', formatGate(result.gate)],
    ['left out', result.leftOut.join(', ') || undefined],
    ['dropped', result.droppedTensors.join(', ') || undefined],
  ];
}

function formatShare(part: number, whole: number): string {
  return whole > 0 ? `${formatPercent(part / whole)} of the source` : 'of an empty source';
}

/** Accuracy in one line, with what was asked of it. */
export function formatGate(gate: GateReport | null): string {
  if (gate === null) return 'not measured: nothing was quantized';
  const { metric, mean, min, threshold, samples } = gate;
  const bound = metric === 'cosine' ? '≥' : '≤';
  const figures =
    metric === 'cosine'
      ? `mean cosine ${mean.toFixed(4)} (${bound} ${threshold}), worst ${min.toFixed(4)}`
      : `mean KL ${mean.toFixed(4)} nats (${bound} ${threshold}), worst ${min.toFixed(4)}`;
  const perplexity =
    gate.perplexityIncrease === undefined
      ? ''
      : `, perplexity ${formatSigned(gate.perplexityIncrease)} (≤ +${formatPercent(gate.perplexityThreshold ?? 0)})`;
  return `${figures}${perplexity}, over ${samples} samples: ${gate.passed ? 'passed' : 'failed'}`;
}

function formatSigned(fraction: number): string {
  return `${fraction >= 0 ? '+' : '−'}${formatPercent(Math.abs(fraction))}`;
}

/** A stage of a job, or something measured like one; `note` stands where there is no rate. */
export type TimedStage = Omit<StageReport, 'name'> & { name: string; note?: string };

/** Time and rate of each stage. Stages overlap, so the times may add up to more than the job's. */
export function formatStages(stages: TimedStage[]): string {
  const rows = stages.map(({ name, seconds, bytes, note }) => [
    name,
    formatSeconds(seconds),
    formatBytes(bytes),
    note ?? formatRate(bytes, seconds),
  ]);
  return formatTable(['stage', 'time', 'bytes', 'rate'], rows, ['left', 'right', 'right', 'right']);
}
