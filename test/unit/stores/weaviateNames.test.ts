import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  exactText,
  fromClassName,
  kindOfProperty,
  toClassName,
  toPropertyName,
} from '../../../activities/stores/drivers/weaviate/names.ts';
import { collectionPattern, physicalName } from '../../../workflows/contracts/backfill/messages.ts';

test('a collection is a class of Weaviate, and back', () => {
  expect(toClassName('docs-v3')).toBe('Docs_v3');
  expect(fromClassName('Docs_v3')).toBe('docs-v3');
  const names = fc
    .stringMatching(/^[a-z][a-z0-9-]{1,45}[a-z0-9]$/)
    .filter((name) => collectionPattern.test(name));
  fc.assert(
    fc.property(names, fc.nat(), (collection, version) => {
      const physical = physicalName(collection, version);
      expect(toClassName(physical)).toMatch(/^[A-Z][_0-9A-Za-z]*$/);
      expect(fromClassName(toClassName(physical))).toBe(physical);
    }),
  );
});

test('classes of others are nobody’s collection', () => {
  expect(['DocsV3', 'docs', 'Docs-3', ''].map(fromClassName)).toEqual(Array(4).fill(undefined));
});

test('names of properties are valid, and differ although their case is not looked at', () => {
  expect(toPropertyName('year', 'number')).toBe('number_year');
  const fields = fc.uniqueArray(fc.string({ minLength: 1, unit: 'grapheme' }), { minLength: 2 });
  const near = fc.constantFrom(
    ['Subject', 'subject'],
    ['a-b', 'a_b'],
    ['ä', 'Ä'],
    ['a b', 'a_20_b'],
  );
  fc.assert(
    fc.property(fc.oneof(fields, near), (given) => {
      const names = given.map((field) => toPropertyName(field, 'text'));
      for (const name of names) {
        expect(name).toMatch(/^[_A-Za-z][_0-9A-Za-z]{0,230}$/);
        expect(kindOfProperty(name)).toBe('text');
      }
      expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(given.length);
    }),
  );
});

test('long fields that begin alike have names of their own', () => {
  const [one, two] = ['x', 'y'].map((end) => toPropertyName('long'.repeat(100) + end, 'text'));
  expect(one).not.toBe(two);
  expect(one?.length).toBeLessThanOrEqual(200);
});

test('Berth’s own properties are none of a metadata field', () => {
  expect(['berth_text', 'berth_metadata', 'textual'].map(kindOfProperty)).toEqual(
    Array(3).fill(undefined),
  );
});

test('texts that differ in outer white space are compared as different', () => {
  const texts = ['a', ' a', 'a ', ' a ', 'a\n', '\ta', '', ' '];
  expect(new Set(texts.map((text) => exactText(text).trim())).size).toBe(texts.length);
  expect(exactText('plain text')).toBe('plain text');
});
