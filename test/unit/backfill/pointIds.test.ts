import fc from 'fast-check';
import { validate, version } from 'uuid';
import { expect, test } from 'vitest';
import { pointId, pointIds } from '../../../activities/backfill/pointIds.ts';

const text = fc.string({ unit: 'binary', maxLength: 40 });
const name = text.map((value) => value.replaceAll('\0', ''));
const chunk = fc.nat({ max: 100_000 });

test('an id never changes: uuid5 of Python makes the same', () => {
  expect(pointId('corpus', 'record', 0)).toBe('b960f7aa-e9d6-5242-9d9d-7cb1af4fdae3');
});

test('ids are UUIDv5, whatever the record is called', () => {
  fc.assert(
    fc.property(name, text, chunk, (source, record, number) => {
      const id = pointId(source, record, number);
      expect(validate(id)).toBe(true);
      expect(version(id)).toBe(5);
      expect(pointId(source, record, number)).toBe(id);
    }),
  );
});

test('no two chunks share an id, even where names hold separators and digits', () => {
  const tricky = fc.constantFrom(
    'a',
    'a\0',
    '\0a',
    'a\0b',
    'b',
    '',
    '\0',
    'a\x000',
    '0',
    'é',
    'e\u0301',
  );
  const triple = fc.tuple(
    fc.oneof(
      name,
      tricky.map((value) => value.replaceAll('\0', '')),
    ),
    fc.oneof(text, tricky),
    chunk,
  );
  fc.assert(
    fc.property(triple, triple, (one, other) => {
      const same = one.every((value, index) => value === other[index]);
      expect(pointId(...one) === pointId(...other)).toBe(same);
    }),
    { numRuns: 2000 },
  );
});

test('a source whose name holds the separator is refused', () => {
  expect(() => pointId('a\0b', 'r', 0)).toThrow(/^source name: holds a NUL character/);
});

test('a range of chunks excludes its end', () => {
  expect(pointIds('s', 'r', 1, 3)).toEqual([pointId('s', 'r', 1), pointId('s', 'r', 2)]);
  expect(pointIds('s', 'r', 3, 2)).toEqual([]);
});
