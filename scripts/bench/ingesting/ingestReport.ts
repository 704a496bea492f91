import type { IngestResult } from '../../../workflows/contracts/ingest.ts';
import type { BenchReport, BenchRow } from '../bench.ts';
import { median, medianRatio } from '../statistics.ts';
import { nameOfPlainScript, type PlainRun } from './plainScript.ts';
import { beforeGate, peakOf, quantizing, type StackSample } from './stackMemory.ts';

export interface IngestRun {
  result: IngestResult;
  /** From asking until the tag has moved. */
  seconds: number;
  samples: StackSample[];
  /** Bytes of the largest shard made. */
  largestShard: number;
}

const gigabyte = 1e9;
const megabyte = 1e6;
/** What worker, bridge and scratch may take beyond idle and one shard while quantizing. */
const boundBytes = 1.5e9;

/** Rates are of the source's bytes, end to end or in a stage's own time. */
export function reportIngest(ours: readonly IngestRun[], plain: readonly PlainRun[]): BenchReport {
  const first = ours[0] as IngestRun;
  const extra = Math.max(...ours.map(extraBytes));
  const quantized = first.result.gate !== null;
  const rates = (seconds: readonly number[]) =>
    seconds.map((each) => first.result.sourceBytes / each / gigabyte);
  const compared = (measure: string, seconds: readonly number[]): BenchRow => {
    const [mine, theirs] = [rates(seconds), rates(plain.map((run) => run.seconds))];
    const row = { measure, unit: 'GB/s', ours: median(mine) };
    if (theirs.length < mine.length) return row;
    const alternative = { name: nameOfPlainScript(quantized), value: median(theirs) };
    return { ...row, alternative, ratio: medianRatio(mine, theirs) };
  };
  const wall = ours.map(({ seconds }) => seconds);
  const rows = [
    compared('end to end', wall),
    ...(quantized
      ? [
          compared(
            'end to end, without the gate',
            wall.map((all, i) => all - gateSeconds(ours[i]!)),
          ),
        ]
      : []),
    ...stageRows(ours),
    ...memoryRows(ours, plain),
  ];
  const target = {
    measure: 'worker, bridge and scratch beyond idle and one shard, while quantizing',
    target: `at most ${boundBytes / gigabyte} GB`,
    met: extra <= boundBytes,
    note: `${(extra / gigabyte).toFixed(2)} GB`,
  };
  return { rows, targets: quantized ? [target] : [], notes: notes(first) };
}

function stageRows(ours: readonly IngestRun[]): BenchRow[] {
  return (ours[0] as IngestRun).result.stages.flatMap(({ name, bytes }, stage) => {
    const seconds = median(ours.map(({ result }) => result.stages[stage]!.seconds));
    const row = { measure: `${name}`, unit: 's', ours: seconds };
    // The gate's and the publication's time is not a matter of bytes.
    if (name === 'gate' || name === 'publish') return [row];
    return [row, { measure: `${name}, rate`, unit: 'GB/s', ours: bytes / seconds / gigabyte }];
  });
}

function memoryRows(ours: readonly IngestRun[], plain: readonly PlainRun[]): BenchRow[] {
  const samples = ours.flatMap((run) => run.samples);
  const names = ['supervisor', 'temporal', 'workflow', 'host', 'device', 'bridge'] as const;
  const peak = (measure: string, of: (sample: StackSample) => number): BenchRow => ({
    measure: `peak memory: ${measure}`,
    unit: 'MB',
    ours: peakOf(samples, of) / megabyte,
  });
  const all = peak('all of it, shared memory included', (sample) =>
    Object.values(sample).reduce((sum, bytes) => sum + bytes, 0),
  );
  const theirs = Math.max(0, ...plain.map(({ peakBytes }) => peakBytes)) / megabyte;
  if (theirs > 0) {
    all.alternative = { name: 'transformers and what it saved', value: theirs };
    all.ratio = all.ours / theirs;
  }
  return [
    ...names.map((name) => peak(name, (sample) => sample[name])),
    peak('scratch', ({ scratch }) => scratch),
    all,
  ];
}

function extraBytes({ samples, largestShard }: IngestRun): number {
  const idle = quantizing(samples[0] as StackSample);
  return peakOf(beforeGate(samples), quantizing) - largestShard - idle;
}

function gateSeconds({ result }: IngestRun): number {
  return result.stages.find(({ name }) => name === 'gate')?.seconds ?? 0;
}

function notes({ result }: IngestRun): string[] {
  const { sourceBytes, storedBytes, shards, gate } = result;
  const lines = [
    `${sourceBytes} bytes read, ${storedBytes} stored in ${shards} shards; the source lies in the page cache`,
    'stages overlap: their times may add up to more than the whole',
  ];
  if (gate === null) return lines;
  const growth = ((gate.perplexityIncrease ?? 0) * 100).toFixed(3);
  return [
    ...lines,
    `the gate passed with its default thresholds on ${gate.samples} short lines: mean ${gate.metric} ${gate.mean.toExponential(1)}, perplexity ${growth} %; the plain script has none`,
  ];
}
