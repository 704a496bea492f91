import fc from 'fast-check';
import { expect, test } from 'vitest';
import { headerLength, parseHeader } from '../../../activities/ingest/safetensors/header.ts';
import { BerthError } from '../../../workflows/contracts/errors.ts';
import { mutatedSafetensors } from '../../support/mutateSafetensors.ts';
import { brokenRules } from '../../support/safetensorsOracle.ts';

function accepts(file: Buffer): boolean {
  try {
    const length = headerLength(file.subarray(0, 8), file.length, 'x.safetensors');
    parseHeader(file.subarray(8, 8 + length), file.length, 'x.safetensors');
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(BerthError);
    expect((error as BerthError).type).toBe('InvalidSafetensors');
    expect((error as Error).message).toMatch(/^x\.safetensors:.+$/);
    return false;
  }
}

test('10,000 mutated files: each is refused in one line or keeps every rule', () => {
  const count = { accepted: 0, refused: 0 };
  fc.assert(
    fc.property(mutatedSafetensors, (file) => {
      if (accepts(file)) {
        count.accepted += 1;
        expect(brokenRules(file)).toEqual([]);
      } else {
        count.refused += 1;
      }
    }),
    { numRuns: 10_000 },
  );
  expect(count.accepted).toBeGreaterThan(1000);
  expect(count.refused).toBeGreaterThan(4000);
});

test('arbitrary bytes as a header are refused in one line', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const file = Buffer.concat([Buffer.from(bytes)]);
      if (accepts(file)) expect(brokenRules(file)).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});
