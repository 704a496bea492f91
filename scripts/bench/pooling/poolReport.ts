import type { BenchReport, BenchRow, BenchTarget } from '../bench.ts';
import { median, medianRatio } from '../statistics.ts';
import type { Measured } from './measureSide.ts';

/** Both sides under one load, round by round. */
export interface CaseResult {
  waiting: number;
  /** Seconds. */
  hold: number;
  ours: Measured[];
  mutex: Measured[];
}

/** Least ratio of cycles a second that is aimed at, by hold time in seconds. */
const targetRatios: Record<number, number> = { 0: 2.5, 1: 10 };

const alternative = "mutex of Temporal's samples";

export function reportPool(devices: number, results: readonly CaseResult[]): BenchReport {
  return {
    rows: results.flatMap(rowsOf),
    targets: [...results.flatMap(ratioTarget), failedTarget(results)],
    notes: [
      `${devices} devices lent one by one; the mutex is one lock, as in the sample, so it lends one at a time`,
      'a latency is of grants within the window: where a side grants little, most of its requests were not granted at all',
    ],
  };
}

const load = ({ waiting, hold }: CaseResult): string => `${waiting} waiting, held ${hold} s`;
const rate = ({ cyclesPerSecond }: Measured): number => cyclesPerSecond;

function rowsOf(result: CaseResult): BenchRow[] {
  const { ours, mutex } = result;
  const latency = (part: number): BenchRow => ({
    measure: `grant latency p${100 * part}, ${load(result)}`,
    unit: 'ms',
    ours: median(ours.map(({ latencies }) => quantile(latencies, part))),
    alternative: {
      name: alternative,
      value: median(mutex.map(({ latencies }) => quantile(latencies, part))),
    },
  });
  return [
    {
      measure: `lease cycles, ${load(result)}`,
      unit: '/s',
      ours: median(ours.map(rate)),
      alternative: { name: alternative, value: median(mutex.map(rate)) },
      ratio: medianRatio(ours.map(rate), mutex.map(rate)),
    },
    latency(0.5),
    latency(0.99),
  ];
}

/** Of ascending values: the smallest that at least `part` of them do not exceed; 0 of none. */
export function quantile(ascending: readonly number[], part: number): number {
  return ascending[Math.max(0, Math.ceil(part * ascending.length) - 1)] ?? 0;
}

function ratioTarget(result: CaseResult): BenchTarget[] {
  const target = targetRatios[result.hold];
  if (target === undefined) return [];
  const ratio = medianRatio(result.ours.map(rate), result.mutex.map(rate));
  return [
    {
      measure: `lease cycles, ${load(result)}`,
      target: `at least ${target} × the mutex's`,
      met: ratio >= target,
    },
  ];
}

function failedTarget(results: readonly CaseResult[]): BenchTarget {
  const ours = results.flatMap((result) => result.ours);
  const sum = (count: (measured: Measured) => number) =>
    ours.reduce((total, measured) => total + count(measured), 0);
  const failed = sum(({ failedTasks }) => failedTasks);
  const timedOut = sum(({ timedOutTasks }) => timedOutTasks);
  return {
    measure: "failed workflow tasks of the pool's",
    target: 'none',
    met: failed + timedOut === 0,
    note: `${failed} failed, ${timedOut} timed out`,
  };
}
