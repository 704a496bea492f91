import { expect, test } from 'vitest';
import { payloadPath, qdrantFilter } from '../../../activities/stores/drivers/qdrant/filter.ts';
import { filterClauses } from '../../../activities/stores/shared/filters.ts';
import type { SearchFilter } from '../../../workflows/contracts/backfill/activities.ts';

const translated = (filter: SearchFilter) => qdrantFilter('qdrant', filterClauses(filter));

test('conditions as Qdrant says them', () => {
  expect(translated({})).toBeUndefined();
  expect(
    translated({
      lang: 'de',
      year: 2007,
      flag: true,
      team: { not: 'x' },
      rating: { gte: 2.5, lte: 3 },
    }),
  ).toEqual({
    must: [
      { key: 'lang', match: { value: 'de' } },
      { key: 'year', range: { gte: 2007, lte: 2007 } },
      { key: 'flag', match: { value: true } },
      { key: 'rating', range: { gte: 2.5 } },
      { key: 'rating', range: { lte: 3 } },
    ],
    must_not: [{ key: 'team', match: { value: 'x' } }],
  });
  expect(translated({ lang: { in: ['de', 'fr'] }, year: { in: [1, 2.5] } })?.must).toEqual([
    { key: 'lang', match: { any: ['de', 'fr'] } },
    {
      should: [
        { key: 'year', range: { gte: 1, lte: 1 } },
        { key: 'year', range: { gte: 2.5, lte: 2.5 } },
      ],
    },
  ]);
});

test('times are ordered, other texts are refused', () => {
  for (const gte of ['2026-02-03T04:05:06Z', '2026-02-03T04:05:06.789+01:00', '2026-02-03']) {
    expect(translated({ date: { gte } })?.must).toEqual([{ key: 'date', range: { gte } }]);
  }
  expect(() => translated({ name: { gte: 'm' } })).toThrow(/qdrant cannot order texts/);
});

test('names that are paths are quoted', () => {
  expect(['plain_Name-1', 'a.b', 'odd name', 'a[0]'].map(payloadPath)).toEqual([
    'plain_Name-1',
    '"a.b"',
    '"odd name"',
    '"a[0]"',
  ]);
  expect(() => payloadPath('say "x"')).toThrow(/quotation mark/);
});
