import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { packageRoot } from '../../../activities/platform/packageRoot.ts';
import { toBackfillOptions } from '../../../scripts/cli/commands/backfillOptions.ts';
import { formatHits } from '../../../scripts/cli/commands/search.ts';
import {
  formatBackfillReport,
  formatControl,
  formatPerSecond,
} from '../../../scripts/cli/format/backfill.ts';
import {
  createBackfillView,
  describeBackfill,
} from '../../../scripts/cli/progress/backfillView.ts';
import { checkBackfillOptions } from '../../../workers/client/backfill/backfillOptions.ts';
import type {
  BackfillProgress,
  BackfillResult,
} from '../../../workflows/contracts/backfill/progress.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const folder = temporaryFolder('job-file');

const result: BackfillResult = {
  workflowId: 'backfill/docs',
  jobId: '0'.repeat(32),
  collection: 'docs',
  ...{ records: 1200, chunks: 3456, tokens: 98_765, embedded: 3000, reused: 456, failed: 2 },
  deadLetters: '/home/dead-letters.jsonl',
  seconds: 24,
  contentDigest: 'c'.repeat(64),
  stores: [
    {
      ...{ store: 'chroma', physical: 'docs-v2', previous: 'docs-v1', inPlace: false },
      ...{
        points: 3454,
        written: 3454,
        unchanged: 0,
        removed: 3,
        missingDeleted: 1,
        recall: 0.996,
      },
    },
  ],
  estimate: null,
};

test('a report says what was embedded, reused, lost, and where it went', () => {
  const report = formatBackfillReport(result);
  expect(report).toContain('1,200 (50 /s)');
  expect(report).toContain('456 from the cache');
  expect(report).toContain('2: /home/dead-letters.jsonl');
  expect(formatBackfillReport({ ...result, notices: ['mind the name'] })).toBe(
    `${report}\nmind the name`,
  );
  expect(report).toMatch(/chroma +docs-v2 +switched from docs-v1 +3,454 .* 4 +0\.996/);
});

test('an estimate says that nothing was written, and what it does not know', () => {
  const report = formatBackfillReport({
    ...result,
    estimate: {
      ...{ records: 10_000, chunks: 20_000, tokens: 1e6, reused: 5000, toEmbed: 15_000 },
      ...{ sampled: 5000, failed: 0, seconds: null, cost: 0.02 },
      stores: [{ store: 'chroma', inPlace: true, current: 'docs-v1', points: 7 }],
    },
  });
  expect(report).toContain('5,000 (25.0 %)');
  expect(report).toContain('not known: no former job with this model');
  expect(report).toContain('5,000 records, scaled to all');
  expect(report).toContain('chroma: brings docs-v1 up to date, 7 points there now');
  expect(report).toMatch(/nothing was written$/);
});

test('rates have three figures at most and none where nothing was measured', () => {
  expect([formatPerSecond(31, 10), formatPerSecond(12_345, 10), formatPerSecond(0, 1)]).toEqual([
    '3.1 /s',
    '1,235 /s',
    '-',
  ]);
});

test('control in words', () => {
  expect(formatControl({ paused: true, recordsPerSecond: null, concurrency: 1 })).toBe(
    'paused, no limit, 1 partition at a time',
  );
  expect(formatControl({ paused: false, recordsPerSecond: 50, concurrency: 2 })).toBe(
    'running, 50 records/s, 2 partitions at a time',
  );
});

const progress: BackfillProgress = {
  jobId: '0'.repeat(32),
  stage: 'fill',
  message: 'filling',
  control: { paused: false, recordsPerSecond: null, concurrency: 1 },
  outsideWindow: false,
  total: 1000,
  partitions: { done: 1, running: 1, total: 3 },
  counts: {
    ...{ pages: 2, records: 400, chunks: 800, tokens: 9000, embedded: 600, reused: 200 },
    ...{ failed: { malformed: 1 }, remade: 0 },
    stores: { chroma: { written: 700, unchanged: 0, removed: 0, throttled: 0 } },
  },
  recordsPerSecond: 41.6,
  etaSeconds: 14.4,
  startedAt: '2026-01-01T00:00:00.000Z',
  stores: [],
};

test('a line of progress', () => {
  expect(describeBackfill(progress)).toBe(
    'fill      400/1,000 records  25.0 % reused  42 records/s  14.4 s to go  1 failed  filling',
  );
});

test('a log gets a line a tenth, not one a look', () => {
  const lines: string[] = [];
  const view = createBackfillView({ write: (text) => lines.push(text) });
  for (let records = 0; records <= 1000; records += 20) {
    view.update({ ...progress, counts: { ...progress.counts, records } });
  }
  view.stop();
  expect(lines).toHaveLength(11);
});

test('hits say whose vectors answered', () => {
  const text = formatHits({
    ...{ collection: 'docs', physical: 'docs-v2', contentDigest: 'c'.repeat(64), seconds: 0.1 },
    hits: [
      { recordId: 'a', chunk: 1, score: 0.51239, text: 'x\n y'.padEnd(400, 'z'), metadata: {} },
    ],
  });
  const [first, second, last] = text.split('\n');
  expect(first).toBe('1. 0.5124  a (chunk 2)');
  expect(second).toMatch(/^ {3}x yz+…$/);
  expect(last).toBe(`docs-v2, content ${'c'.repeat(64)}`);
});

test.each([
  ['modle: tiny', 'unknown option modle'],
  ['sample: lots', 'sample "lots": expected a whole number from 0 to 10000'],
  ['stores: chroma', 'stores: expected a list'],
])('a job file that says %s is refused with its line', async (line, message) => {
  const path = join(folder, 'job.yaml');
  await writeFile(path, `collection: docs\n${line}\n`);
  await expect(toBackfillOptions('', { job: path })).rejects.toMatchObject({
    ...{ type: 'InvalidRequest', message: expect.stringContaining(`job.yaml:2: ${message}`) },
  });
});

test('the job file of the documentation holds options that exist', async () => {
  const text = await readFile(join(packageRoot(), 'docs', 'backfill.yaml'), 'utf8');
  expect(checkBackfillOptions(parse(text))).toMatchObject({ collection: 'docs', sample: 200 });
  // Those that are commented out, too.
  const all = text
    .replaceAll(/^( *)# (?=[-a-zA-Z]+:? )/gm, '$1')
    .split('\n')
    .slice(2)
    .join('\n');
  expect(() => checkBackfillOptions({ ...parse(all), embedder: 'https://host/v1' })).not.toThrow();
});
