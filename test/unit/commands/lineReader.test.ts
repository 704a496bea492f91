import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLineReader } from '../../../workers/commands/lineReader.ts';

test('property: lines arrive whole, however the bytes are cut', () => {
  const line = fc.string({ unit: 'binary' }).map((text) => `x${text.replaceAll('\n', ' ')}`);
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), fc.integer({ min: 1, max: 7 }), (lines, size) => {
      const heard: string[] = [];
      const read = createLineReader(10_000, (text) => heard.push(text));
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
      for (let at = 0; at < bytes.length; at += size) {
        expect(read(bytes.subarray(at, at + size))).toBe(true);
      }
      expect(heard).toEqual(lines.map((text) => Buffer.from(text).toString()));
    }),
  );
});

test('a line without end is refused before it fills the memory', () => {
  const read = createLineReader(10, () => undefined);
  expect(read(Buffer.from('0123456789'))).toBe(true);
  expect(read(Buffer.from('x'))).toBe(false);
});
