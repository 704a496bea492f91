import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashFile, type ScanRange, scanFile } from '../../../native/addon/index.ts';
import { sha256, sha256OfFile, writeRandom, writeSparse } from '../../support/nativeFiles.ts';
import { underWay } from '../../support/nativeJob.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const folder = temporaryFolder('scan');
const path = join(folder, 'scanned');
const blockBytes = 2 ** 20;

/** Little-endian values that are neither NaN nor infinite although they are close, then those that are. */
const dtypes: Record<string, { bytes: number; finite: bigint[]; nonFinite: bigint[] }> = {
  F64: {
    bytes: 8,
    finite: [0n, 0x7fef_ffff_ffff_ffffn, 0x000f_ffff_ffff_ffffn],
    nonFinite: [0x7ff0_0000_0000_0000n, 0xfff0_0000_0000_0000n, 0x7ff8_0000_0000_0001n],
  },
  F32: {
    bytes: 4,
    finite: [0n, 0x7f7f_ffffn, 0xff7f_ffffn],
    nonFinite: [0x7f80_0000n, 0xff80_0000n, 0x7fc0_0000n, 0xffff_ffffn],
  },
  F16: { bytes: 2, finite: [0x7bffn, 0xfbffn, 0x03ffn], nonFinite: [0x7c00n, 0xfc00n, 0x7e00n] },
  BF16: { bytes: 2, finite: [0x7f7fn, 0xff7fn, 0x7c00n], nonFinite: [0x7f80n, 0xff80n, 0x7fc1n] },
  F8_E5M2: { bytes: 1, finite: [0x7bn, 0xfbn], nonFinite: [0x7cn, 0xfcn, 0x7fn] },
  F8_E4M3: { bytes: 1, finite: [0x7en, 0x80n], nonFinite: [0x7fn, 0xffn] },
  F8_E4M3FNUZ: { bytes: 1, finite: [0x7fn, 0xffn], nonFinite: [0x80n] },
  F8_E5M2FNUZ: { bytes: 1, finite: [0x7cn, 0x7fn], nonFinite: [0x80n] },
  F8_E8M0: { bytes: 1, finite: [0x7fn, 0xfen], nonFinite: [0xffn] },
};

function littleEndian(value: bigint, bytes: number): Buffer {
  const whole = Buffer.alloc(8);
  whole.writeBigUInt64LE(value);
  return whole.subarray(0, bytes);
}

async function findings(content: Buffer, ranges: ScanRange[], threads = 2) {
  writeFileSync(path, content);
  const scanned = await scanFile({ path, ranges, threads }).result;
  expect(scanned.sha256).toBe(sha256(content));
  expect(scanned.bytes).toBe(content.length);
  return scanned.nonFinite;
}

describe('NaN and infinity', () => {
  it.each(Object.keys(dtypes))('of %s are found, and nothing else', async (dtype) => {
    const { bytes, finite, nonFinite } = dtypes[dtype]!;
    const clean = Buffer.concat(finite.map((value) => littleEndian(value, bytes)));
    const range = (content: Buffer) => [{ offset: 0, length: content.length, dtype }];
    expect(await findings(clean, range(clean))).toEqual([]);
    for (const value of nonFinite) {
      const dirty = Buffer.concat([clean, littleEndian(value, bytes), clean]);
      expect(await findings(dirty, range(dirty)), String(value)).toEqual([
        { range: 0, element: finite.length },
      ]);
    }
  });

  it('counts complex numbers as one element', async () => {
    const content = Buffer.alloc(32);
    content.writeFloatLE(Number.NaN, 20);
    const found = await findings(content, [{ offset: 0, length: 32, dtype: 'C64' }]);
    expect(found).toEqual([{ range: 0, element: 2 }]);
  });

  it('are not looked for in other types', async () => {
    const content = Buffer.alloc(4096, 0xff);
    const names = ['U8', 'I8', 'I32', 'U64', 'BOOL', 'F4', 'F6_E2M3'];
    const ranges = names.map((dtype, index) => ({ offset: index * 64, length: 64, dtype }));
    expect(await findings(content, ranges)).toEqual([]);
  });

  it('are found on both sides of the edges between blocks, however ranges are aligned', async () => {
    const places = fc.tuple(fc.integer({ min: -12, max: 12 }), fc.integer({ min: 0, max: 7 }));
    await fc.assert(
      fc.asyncProperty(places, fc.integer({ min: 1, max: 4 }), async ([around, shift], threads) => {
        const content = Buffer.alloc(2 * blockBytes + 64);
        const element = Math.floor((blockBytes + around * 8 - shift) / 8);
        content.writeDoubleLE(Number.POSITIVE_INFINITY, shift + element * 8);
        content.writeDoubleLE(Number.NaN, shift + (element + 5) * 8);
        const length = Math.floor((content.length - shift) / 8) * 8;
        const found = await findings(content, [{ offset: shift, length, dtype: 'F64' }], threads);
        expect(found).toEqual([{ range: 0, element }]);
      }),
      { numRuns: 25 },
    );
  });

  it('are reported once for each range, in the order of the ranges', async () => {
    const content = Buffer.alloc(3 * blockBytes, 0xff);
    const ranges = [2, 0, 1].map((at) => ({
      offset: at * blockBytes,
      length: blockBytes,
      dtype: 'F32',
    }));
    const found = [0, 1, 2].map((range) => ({ range, element: 0 }));
    expect(await findings(content, ranges)).toEqual(found);
  });

  it('are reported for at most 1000 ranges', async () => {
    const ranges = Array.from({ length: 1200 }, (_, index) => ({
      offset: index * 4,
      length: 4,
      dtype: 'F32',
    }));
    const found = await findings(Buffer.alloc(4800, 0xff), ranges);
    expect(found).toHaveLength(1000);
    expect(found.at(-1)).toEqual({ range: 999, element: 0 });
  });
});

describe('refused', () => {
  it.each([
    ['beyond the end', [{ offset: 60, length: 8, dtype: 'F32' }]],
    ['of half an element', [{ offset: 0, length: 6, dtype: 'F32' }]],
    ['that overlap', [0, 4].map((offset) => ({ offset, length: 8, dtype: 'F32' }))],
    ['with a fraction', [{ offset: 0.5, length: 8, dtype: 'F32' }]],
    ['below zero', [{ offset: -4, length: 8, dtype: 'F32' }]],
  ])('ranges %s', async (_, ranges) => {
    writeFileSync(path, Buffer.alloc(64));
    const job = scanFile({ path, ranges });
    await expect(job.result).rejects.toMatchObject({ code: 'INVALID' });
  });

  it('a file that is cut while it is read', async () => {
    const cut = join(folder, 'cut');
    writeSparse(cut, 2 ** 28);
    const job = scanFile({ path: cut, ranges: [] });
    await underWay(job);
    truncateSync(cut, 100);
    await expect(job.result).rejects.toMatchObject({
      code: 'SOURCE_CHANGED',
      message: expect.stringContaining(cut),
    });
  });
});

describe('hashFile', () => {
  it.each([0, 1, blockBytes, blockBytes + 1])('hashes %i bytes', async (bytes) => {
    writeRandom(path, bytes);
    expect(await hashFile({ path }).result).toEqual({ bytes, sha256: sha256OfFile(path) });
  });
});
