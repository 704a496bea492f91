import { expect, test } from 'vitest';
import type { ScaleOutcome } from '../../../scripts/bench/backfillScale/runScale.ts';
import { reportScale } from '../../../scripts/bench/backfillScale/scaleReport.ts';

const mebibyte = 2 ** 20;
const setting = { records: 100_000, pageRecords: 1_000, partitionPages: 10, concurrency: 8 };

function outcome(changes: Partial<ScaleOutcome> = {}): ScaleOutcome {
  const sizes = { runs: 1, maxEvents: 100, maxBytes: mebibyte, totalEvents: 1_000 };
  return {
    result: { records: 100_000 } as ScaleOutcome['result'],
    seconds: 10,
    counts: { embeddedRecords: 100_000, writtenRecords: 100_000, closedPartitions: 10 },
    job: { ...sizes, totalBytes: mebibyte },
    partitions: { ...sizes, runs: 10, totalBytes: mebibyte },
    memory: [
      { records: 10_000, bytes: 100 * mebibyte },
      { records: 90_000, bytes: 110 * mebibyte },
    ],
    ...changes,
  };
}

const verdicts = (changes: Partial<ScaleOutcome> = {}) =>
  reportScale(setting, outcome(changes)).targets.map(({ met }) => met);

test('figures are by second and by page', () => {
  const { rows } = reportScale(setting, outcome());
  const figures = Object.fromEntries(rows.map(({ measure, unit, ours }) => [measure + unit, ours]));
  expect(figures).toMatchObject({
    'recordsrecords/s': 10_000,
    'pages/s': 10,
    'history a page, all workflowsevents': 20,
    'history a page, all workflowsKiB': 20.48,
    "workflow worker's memory, second halfMiB": 110,
  });
});

test('a long history, a record too few and growing memory each miss their target', () => {
  expect(verdicts()).toEqual([true, true, true]);
  const { job, counts, memory } = outcome();
  expect(verdicts({ job: { ...job, maxEvents: 11_000 } })).toEqual([false, true, true]);
  expect(verdicts({ counts: { ...counts, writtenRecords: 99_999 } })).toEqual([true, false, true]);
  const grown = [memory[0]!, { records: 90_000, bytes: 130 * mebibyte }];
  expect(verdicts({ memory: grown })).toEqual([true, true, false]);
  expect(verdicts({ memory: [] })).toEqual([true, true, null]);
});
