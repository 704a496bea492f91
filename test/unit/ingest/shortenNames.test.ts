import { expect, test } from 'vitest';
import { shortenNames } from '../../../activities/ingest/shortenNames.ts';

const names = (count: number) => Array.from({ length: count }, (_, index) => `name-${index}`);

test('a short list stays whole, of a long one the first names and a count are kept', () => {
  expect(shortenNames(names(100))).toEqual(names(100));
  const short = shortenNames(names(100_000));
  expect(short.slice(0, 100)).toEqual(names(100));
  expect(short.slice(100)).toEqual(['… and 99900 more']);
});
