import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseStrictJson } from '../../../activities/ingest/safetensors/jsonValue.ts';

const parse = (text: string) => parseStrictJson(Buffer.from(text));

describe('parseStrictJson', () => {
  test('agrees with JSON.parse on every JSON value', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.nat({ max: 4 }), (text, indent) => {
        fc.pre(!text.includes('__proto__'));
        const spaced = JSON.stringify(JSON.parse(text), null, indent);
        expect(parse(spaced)).toEqual(JSON.parse(spaced));
      }),
      { numRuns: 2000 },
    );
  });

  test('accepts no text that JSON.parse refuses', () => {
    const alphabet = [
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      '\\',
      'u',
      '0',
      '1',
      '-',
      '.',
      'e',
      'true',
      ' ',
    ];
    const texts = fc.array(fc.constantFrom(...alphabet), { maxLength: 10 }).map((p) => p.join(''));
    let accepted = 0;
    fc.assert(
      fc.property(texts, (text) => {
        let value: unknown;
        try {
          value = parse(text);
        } catch {
          return;
        }
        accepted += 1;
        expect(value).toEqual(JSON.parse(text));
      }),
      { numRuns: 20_000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  test.each([
    ['{"a":1,"a":2}', /duplicate key "a"/],
    ['{"a":{"__proto__":{}}}', /__proto__/],
    ['[1] 2', /something follows/],
    ['"\\udc00"', /surrogate/],
    ['[1,]', /expected a JSON value/],
    ['nul', /expected a JSON value/],
    ['', /expected a JSON value/],
    [`${'['.repeat(70)}${']'.repeat(70)}`, /more than 64 levels/],
    ['['.repeat(1_000_000), /more than 64 levels/],
    ['1'.repeat(500), /expected a JSON value/],
  ])('refuses %j', (text, message) => {
    expect(() => parse(text)).toThrowError(message);
  });
});
