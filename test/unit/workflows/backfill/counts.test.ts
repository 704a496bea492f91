import { expect, test } from 'vitest';
import {
  addCounts,
  countPage,
  noCounts,
  totalFailed,
} from '../../../../workflows/backfill/counts.ts';

const made = {
  ...{ next: null, records: 10, chunks: 20, tokens: 100, embedded: 15, reused: 5, seconds: 1 },
  failed: { malformed: 1 },
};
const result = {
  ...{ written: 18, unchanged: 1, removed: 2, throttled: 3, seconds: 1 },
  failed: { malformed: 1, 'store-refused': 2 },
};

test('a page counts once for its records, and for each store what it took', () => {
  const page = countPage(made, [
    { store: 'chroma', result },
    { store: 'lancedb', result: { ...result, failed: {} } },
  ]);
  const store = { written: 18, unchanged: 1, removed: 2, throttled: 3 };
  expect(page).toEqual({
    ...{
      pages: 1,
      records: 10,
      again: 0,
      chunks: 20,
      tokens: 100,
      embedded: 15,
      reused: 5,
      remade: 0,
    },
    failed: { malformed: 2, 'store-refused': 2 },
    stores: { chroma: store, lancedb: store },
  });
  expect(totalFailed(page.failed)).toBe(4);
});

test('counts add up, and adding changes neither', () => {
  const page = countPage(made, [{ store: 'chroma', result }]);
  const before = structuredClone(page);
  const twice = addCounts(addCounts(noCounts(), page), page);
  expect(page).toEqual(before);
  expect(twice).toMatchObject({ pages: 2, records: 20, failed: { malformed: 4 } });
  expect(twice.stores.chroma).toEqual({ written: 36, unchanged: 2, removed: 4, throttled: 6 });
  expect(addCounts(page, noCounts())).toEqual(page);
});
