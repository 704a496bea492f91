import { expect, test } from 'vitest';
import { recordDigest, textDigest } from '../../../activities/backfill/recordDigest.ts';
import { hashSpec } from '../../support/backfill/textEmbedding.ts';

const record = { id: 'a', text: 'text', metadata: { year: 2024, lang: 'en' } };
const splitting = { version: 'v1', maxTokens: 256, overlapTokens: 32 };
const digest = recordDigest(record, splitting, hashSpec);

test('the order of metadata does not matter', () => {
  const turned = { ...record, metadata: { lang: 'en', year: 2024 } };
  expect(recordDigest(turned, splitting, hashSpec)).toBe(digest);
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
});

test('the longest input of a model that its splitting does not reach does not matter', () => {
  expect(recordDigest(record, splitting, { ...hashSpec, maxTokens: 999 })).toBe(digest);
});

test.each([
  ['id', { record: { ...record, id: 'b' } }],
  ['text', { record: { ...record, text: 'Text' } }],
  ['metadata', { record: { ...record, metadata: { year: '2024', lang: 'en' } } }],
  ['splitter', { splitting: { ...splitting, version: 'v2' } }],
  ['longest chunk', { splitting: { ...splitting, maxTokens: 255 } }],
  ['overlap', { splitting: { ...splitting, overlapTokens: 0 } }],
  ['model', { spec: { ...hashSpec, contentDigest: 'b'.repeat(64) } }],
  ['pooling', { spec: { ...hashSpec, pooling: 'cls' as const } }],
  ['normalisation', { spec: { ...hashSpec, normalize: false } }],
  ['dimensions', { spec: { ...hashSpec, dimensions: 4 } }],
])('another %s is another digest', (_, change) => {
  const { record: r, splitting: s, spec } = { record, splitting, spec: hashSpec, ...change };
  expect(recordDigest(r, s, spec)).not.toBe(digest);
});

test("a text's digest is the SHA-256 of its UTF-8", () => {
  expect(textDigest('abc')).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});
