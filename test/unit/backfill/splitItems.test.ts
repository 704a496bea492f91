import { expect, test } from 'vitest';
import { pageLimits } from '../../../activities/backfill/pageLimits.ts';
import type { PageItem } from '../../../activities/backfill/readItems.ts';
import { splitItems } from '../../../activities/backfill/splitItems.ts';
import type { TextSplitter } from '../../../activities/embeddings/textSplitter.ts';

const { signal } = new AbortController();

/** As many chunks as the text says. */
const counted: TextSplitter = {
  version: 'counted',
  split: async (texts) =>
    texts.map((text) => Array.from({ length: Number(text) }, () => ({ text: 'chunk', tokens: 1 }))),
};

const items = (...chunks: (number | 'failed')[]): PageItem[] =>
  chunks.map((count, index) => {
    const place = `line ${index}`;
    const next = String(index + 1);
    return count === 'failed'
      ? { failure: { id: null, kind: 'malformed', reason: 'r', place, excerpt: '' }, next }
      : { record: { id: `r${index}`, text: String(count), metadata: {} }, place, next };
  });

const split = (list: PageItem[], dimensions = 4, next: string | null = 'end') =>
  splitItems({ items: list, next }, counted, dimensions, signal);

test('records keep their order, their place and their chunks', async () => {
  const { records, failures, next } = await split(items(2, 'failed', 1));
  expect(records.map(({ record, place, chunks }) => [record.id, place, chunks.length])).toEqual([
    ['r0', 'line 0', 2],
    ['r2', 'line 2', 1],
  ]);
  expect(failures).toHaveLength(1);
  expect(next).toBe('end');
});

test('a page ends where its vectors would take too much memory; the rest is the next one’s', async () => {
  const dimensions = 4096;
  const half = pageLimits.vectorBytes / 2 / 4 / dimensions;
  const quarter = Math.floor(half / 2);
  const list = items(quarter, quarter, quarter, 'failed', quarter, 'failed', quarter, 1);
  const { records, failures, next } = await split(list, dimensions);
  expect(records.map(({ record }) => record.id)).toEqual(['r0', 'r1', 'r2', 'r4']);
  expect(failures.map(({ place }) => place)).toEqual(['line 3', 'line 5']);
  expect(next).toBe('6');
});

test('a record whose vectors alone are too many is too large', async () => {
  const dimensions = 4096;
  const most = pageLimits.recordVectorBytes / 4 / dimensions;
  const { records, failures } = await split(items(most, most + 1, 1), dimensions);
  expect(records.map(({ record }) => record.id)).toEqual(['r0', 'r2']);
  expect(failures).toMatchObject([{ id: 'r1', kind: 'too-large', place: 'line 1' }]);
});

test('a text in which a splitter finds nothing is empty', async () => {
  const { failures } = await split(items(0));
  expect(failures).toMatchObject([{ id: 'r0', kind: 'empty-text' }]);
});

test('hundreds of records are split some at a time', async () => {
  const { records } = await split(items(...Array.from({ length: 300 }, () => 1)));
  expect(records.map(({ record }) => record.id)).toEqual(
    Array.from({ length: 300 }, (_, index) => `r${index}`),
  );
});
