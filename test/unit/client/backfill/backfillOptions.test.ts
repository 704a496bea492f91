import { expect, test } from 'vitest';
import { checkBackfillOptions } from '../../../../workers/client/backfill/backfillOptions.ts';
import { BerthError } from '../../../../workflows/contracts/errors.ts';

const least = { source: './corpus.jsonl', collection: 'docs', stores: ['chroma'], model: 'minilm' };

test('defaults are those that the README names', () => {
  expect(checkBackfillOptions(least)).toMatchObject({
    pageRecords: 1000,
    partitionPages: 10,
    keepPrevious: 1,
    sample: 200,
    minRecall: 0.95,
    maxFailures: 0,
    concurrency: 1,
    overlap: 0,
    quantizeVectors: 'none',
    rebuild: false,
    deleteMissing: false,
    dryRun: false,
    team: 'default',
  });
});

test('numbers may come as a shell gives them', () => {
  const checked = checkBackfillOptions({
    ...least,
    rate: '12.5',
    concurrency: '3',
    maxTokens: '64',
  });
  expect(checked).toMatchObject({ rate: 12.5, concurrency: 3, maxTokens: 64 });
});

test.each([
  [{ source: undefined }, /^source is missing/],
  [{ collection: 'Docs' }, /^collection "Docs": expected lower-case/],
  [{ collection: 'x' }, /^collection "x"/],
  [{ collection: 'docs-v2' }, /^collection "docs-v2"/],
  [{ stores: 'chroma' }, /^stores: expected a list/],
  [{ model: undefined }, /^model is missing/],
  [{ embedder: 'ftp://host' }, /^embedder "ftp:\/\/host": expected an address/],
  [{ pageRecords: 0 }, /^page size 0: expected a whole number from 1/],
  [{ concurrency: '1.5' }, /^concurrency "1.5"/],
  [{ concurrency: 65 }, /^concurrency 65/],
  [{ rate: -1 }, /^rate -1/],
  [{ rate: '' }, /^rate ""/],
  [{ minRecall: 1.2 }, /^least recall 1.2/],
  [{ maxFailures: -1 }, /^failures -1/],
  [{ dimensions: Number.NaN }, /^dimensions /],
  [{ pooling: 'max' }, /^pooling "max": expected mean, cls or last/],
  [{ quantizeVectors: 'tiny' }, /^vector quantization "tiny"/],
  [{ textColumns: [] }, /^text columns: expected at least one/],
  [{ colection: 'docs' }, /unknown colection; see BackfillOptions/],
  [{ team: 'A team' }, /^team "A team"/],
])('%j is refused in one line', (change, message) => {
  const refused = () => checkBackfillOptions({ ...least, ...change });
  expect(refused).toThrow(BerthError);
  expect(refused).toThrow(message);
  expect(refused).not.toThrow(/\n/);
});
