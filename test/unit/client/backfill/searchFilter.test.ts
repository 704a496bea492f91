import { expect, test } from 'vitest';
import { searchFilterSchema } from '../../../../workers/client/backfill/searchFilter.ts';

const holds = (value: unknown) => searchFilterSchema.safeParse(value).success;

test('values and conditions', () => {
  const filter = {
    year: { gte: 2020, lte: 2025 },
    lang: 'en',
    draft: false,
    tag: { in: ['a', 1] },
  };
  expect(searchFilterSchema.parse(filter)).toEqual(filter);
});

test.each([
  undefined,
  null,
  [],
  'en',
  { year: {} },
  { year: { above: 3 } },
  { tag: { in: [] } },
  { a: null },
])('%j is none', (value) => expect(holds(value)).toBe(false));
