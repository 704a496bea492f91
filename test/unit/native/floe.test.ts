import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openBuffer, sealBuffer } from '../../../native/addon/index.ts';
import { referenceOpen, referenceSeal } from '../../support/floeReference.ts';
import { dataMissing, testData } from '../../support/testData.ts';

const kats = testData('floe-kats');
const key = randomBytes(32);
const aad = Buffer.from('artifact and path');
const segmentLength = 100;
const chunk = segmentLength - 32;

function katOptions(name: string) {
  const rotation = name.endsWith('_rotation');
  const short = rotation || name.startsWith('java_lastSeg');
  return {
    key: new Uint8Array(32),
    aad: Buffer.from('This is AAD'),
    segmentLength: name.endsWith('_4K') ? 4096 : short ? 40 : 64,
    rotationMaskBits: rotation ? 2 : 20,
  };
}

function hexFile(path: string): Buffer {
  return Buffer.from(readFileSync(path, 'utf8').trim(), 'hex');
}

describe('known answers', () => {
  it('open in the addon and in the reference', (context) => {
    if (!kats) return context.skip(dataMissing('floe-kats', 'Snowflake-Labs/floe-specification'));
    const names = readdirSync(kats).flatMap((file) => file.match(/^(.*)_ct\.txt$/)?.[1] ?? []);
    expect(names).toHaveLength(17);
    for (const name of names) {
      const data = hexFile(join(kats, `${name}_ct.txt`));
      const plaintext = hexFile(join(kats, `${name}_pt.txt`));
      const options = katOptions(name);
      expect(Buffer.from(openBuffer({ ...options, data })), name).toEqual(plaintext);
      expect(referenceOpen(options, data), name).toEqual(plaintext);
      const sealed = sealBuffer({ ...options, data: plaintext });
      expect(referenceOpen(options, sealed), name).toEqual(plaintext);
    }
  });
});

describe('addon and reference', () => {
  const lengths = [0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 5 * chunk + 7];

  it.each(lengths)('agree both ways on %i bytes', (length) => {
    const options = { key, aad, segmentLength };
    const plaintext = randomBytes(length);
    const sealed = sealBuffer({ ...options, data: plaintext });
    expect(sealed).toHaveLength(74 + length + 32 * Math.max(1, Math.ceil(length / chunk)));
    expect(referenceOpen(options, sealed)).toEqual(plaintext);
    const opened = openBuffer({ ...options, data: referenceSeal(options, plaintext) });
    expect(Buffer.from(opened)).toEqual(plaintext);
  });

  it('agree on any message, segment length and rotation', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 600 }),
        fc.uint8Array({ maxLength: 40 }),
        fc.integer({ min: 33, max: 200 }),
        fc.integer({ min: 0, max: 4 }),
        (data, anyAad, anyLength, rotationMaskBits) => {
          const options = { key, aad: anyAad, segmentLength: anyLength, rotationMaskBits };
          const sealed = sealBuffer({ ...options, data });
          expect(referenceOpen(options, sealed)).toEqual(Buffer.from(data));
          const opened = openBuffer({ ...options, data: referenceSeal(options, data) });
          expect(Buffer.from(opened)).toEqual(Buffer.from(data));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('make a new header and new IVs for every message', () => {
    const options = { key, aad, segmentLength, data: new Uint8Array(200) };
    const [one, two] = [sealBuffer(options), sealBuffer(options)];
    expect(one.subarray(10, 42)).not.toEqual(two.subarray(10, 42));
    expect(one.subarray(78, 90)).not.toEqual(two.subarray(78, 90));
    expect(one.subarray(78, 90)).not.toEqual(one.subarray(178, 190));
  });
});

describe('refused', () => {
  const sealed = sealBuffer({ key, aad, segmentLength, data: randomBytes(3 * chunk + 9) });
  const open = (data: Uint8Array) => () => openBuffer({ key, aad, segmentLength, data });

  it('every flipped bit', () => {
    for (let index = 0; index < sealed.length; index++) {
      const data = Buffer.from(sealed);
      data[index]! ^= 1 << (index % 8);
      expect(open(data), `byte ${index}`).toThrow();
    }
  });

  it('every truncation', () => {
    for (let length = 0; length < sealed.length; length++) {
      expect(open(sealed.subarray(0, length)), `${length} bytes`).toThrow();
    }
  });

  it('an extension', () => {
    const longer = Buffer.concat([sealed, Buffer.from([0])]);
    expect(open(longer)).toThrow(expect.objectContaining({ code: 'TRAILING' }));
  });

  it('segments in another order, missing or repeated', () => {
    const segment = (index: number) => sealed.subarray(74 + index * 100, 174 + index * 100);
    const [header, last] = [sealed.subarray(0, 74), sealed.subarray(374)];
    for (const order of [[1, 0, 2], [0, 2], [0, 0, 1, 2], []]) {
      const data = Buffer.concat([header, ...order.map(segment), last]);
      expect(open(data), order.join()).toThrow(expect.objectContaining({ code: 'AUTH' }));
    }
  });

  it('a wrong key, associated data or segment length', () => {
    const header = expect.objectContaining({ code: 'HEADER' });
    const data = sealed;
    expect(() => openBuffer({ key: randomBytes(32), aad, segmentLength, data })).toThrow(header);
    expect(() => openBuffer({ key, aad: Buffer.from('x'), segmentLength, data })).toThrow(header);
    expect(() => openBuffer({ key, aad, segmentLength: 101, data })).toThrow(header);
  });

  it('arguments that make no sense', () => {
    const invalid = expect.objectContaining({ code: 'INVALID' });
    const data = new Uint8Array(4);
    expect(() => sealBuffer({ key: randomBytes(31), aad, segmentLength, data })).toThrow(invalid);
    expect(() => sealBuffer({ key, aad, segmentLength: 32, data })).toThrow(invalid);
    expect(() => sealBuffer({ key: 'secret' as never, aad, segmentLength, data })).toThrow(invalid);
  });
});
