import { expect, test } from 'vitest';
import {
  sparseDocument,
  sparseQuery,
} from '../../../activities/stores/drivers/qdrant/sparseText.ts';

const weightOf = (text: string, word: string) => {
  const document = sparseDocument(text);
  const [term] = sparseQuery(word)?.indices ?? [];
  return document?.values[document.indices.indexOf(term ?? -1)];
};

test('a term weighs by BM25: more often more, in a long text less', () => {
  const once = weightOf('berth', 'berth');
  // k1 = 1.2, b = 0.75, 256 tokens on average, one term once in a text of one token.
  expect(once).toBeCloseTo(2.2 / (1 + 1.2 * (0.25 + 0.75 / 256)), 10);
  expect(weightOf('berth berth', 'berth')).toBeGreaterThan(once ?? 0);
  expect(weightOf(`berth ${'other '.repeat(500)}`, 'berth')).toBeLessThan(once ?? 0);
  expect(weightOf('harbour', 'berth')).toBeUndefined();
});

test('words are the same in any case and form, in any script', () => {
  expect(sparseQuery('BERTH, berth!')).toEqual(sparseQuery('berth'));
  expect(sparseQuery('Ünï')).toEqual(sparseQuery('u\u0308ni\u0308'));
  expect(sparseQuery('Größe 東京 दिल्ली')?.indices).toHaveLength(3);
});

test('indices ascend and are unique; a text without words has no vector', () => {
  const { indices } = sparseDocument('c b a a b c d e f g') ?? { indices: [] };
  expect(indices).toHaveLength(7);
  expect(indices).toEqual([...new Set(indices)].sort((x, y) => x - y));
  expect(sparseDocument(' ,.!? ')).toBeUndefined();
  expect(sparseQuery('')).toBeUndefined();
});
