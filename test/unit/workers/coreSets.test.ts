import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatCoreSet, parseCoreSet, sameCoreSet } from '../../../workers/devices/coreSets.ts';

test('parses lists as the kernel writes them', () => {
  expect(parseCoreSet('0-3,8\n')).toEqual([0, 1, 2, 3, 8]);
  expect(parseCoreSet('')).toEqual([]);
});

test('any set of cores survives formatting and parsing', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(200)), (cores) => {
      expect(parseCoreSet(formatCoreSet(cores))).toEqual([...cores].sort((a, b) => a - b));
    }),
  );
});

test('sets are equal however they are written', () => {
  expect(sameCoreSet('0,1,2', '0-2')).toBe(true);
  expect(sameCoreSet('0-2', '0-3')).toBe(false);
});
