import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dtypeNames, tensorBytes } from '../../../activities/ingest/safetensors/dtypes.ts';
import { headerLength, parseHeader } from '../../../activities/ingest/safetensors/header.ts';
import {
  dataAlignment,
  maxHeaderLength,
  writeHeader,
  writerOrder,
} from '../../../activities/ingest/safetensors/writeHeader.ts';
import { bitsOf } from '../../support/mutateSafetensors.ts';

const tensors = fc
  .uniqueArray(
    fc.record({
      name: fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }),
      dtype: fc.constantFrom(...dtypeNames),
      shape: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 4 }).map((s) => [...s, 8]),
    }),
    { selector: (tensor) => tensor.name, maxLength: 30 },
  )
  .map((list) =>
    list
      .filter(({ name }) => !name.startsWith('__'))
      .map((tensor) => ({ ...tensor, bytes: tensorBytes(tensor.dtype, tensor.shape) as number })),
  );

describe('writeHeader', () => {
  test('is read back by the strict parser, page-aligned, every tensor aligned to its elements', () => {
    fc.assert(
      fc.property(tensors, (list) => {
        const ordered = list.sort(writerOrder);
        const header = writeHeader(ordered);
        const fileBytes = header.length + list.reduce((sum, { bytes }) => sum + bytes, 0);
        expect(header.length % dataAlignment).toBe(0);
        expect(header.length).toBeLessThanOrEqual(maxHeaderLength(ordered));
        const length = headerLength(header.subarray(0, 8), fileBytes, 'f');
        expect(length).toBe(header.length - 8);
        const parsed = parseHeader(header.subarray(8), fileBytes, 'f');
        expect(parsed.dataStart).toBe(header.length);
        expect([...parsed.metadata]).toEqual([['format', 'pt']]);
        const plain = ({ name, dtype, shape, bytes }: (typeof ordered)[number]) =>
          JSON.stringify([name, dtype, shape, bytes]);
        expect(parsed.tensors.map(plain).sort()).toEqual(ordered.map(plain).sort());
        for (const { dtype, offset } of parsed.tensors) {
          expect(offset % Math.max(1, (bitsOf[dtype] as number) / 8)).toBe(0);
        }
      }),
    );
  });

  test('bounds the header that Python writes with escapes and spaces', () => {
    const list = [{ name: 'é😀'.repeat(50), shape: [123456789, 12345], dtype: 'F32', bytes: 0 }];
    const python = `{"__metadata__": {"format": "pt"}, "${'\\u00e9\\ud83d\\ude00'.repeat(50)}": {"dtype": "F8_E4M3FNUZ", "shape": [123456789, 12345], "data_offsets": [1234567890123456, 1234567890123456]}}`;
    expect(8 + python.length).toBeLessThanOrEqual(maxHeaderLength(list));
  });
});
