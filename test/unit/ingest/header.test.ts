import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { headerLength, parseHeader } from '../../../activities/ingest/safetensors/header.ts';
import { readHeader } from '../../../activities/ingest/safetensors/readHeader.ts';
import { float32, rawSafetensors, safetensorsFile } from '../../support/safetensorsFile.ts';

const parse = (file: Buffer) => {
  const length = headerLength(file.subarray(0, 8), file.length, 'f.safetensors');
  return parseHeader(file.subarray(8, 8 + length), file.length, 'f.safetensors');
};
const u8 = (begin: number, end: number, more = '') =>
  `{"dtype":"U8","shape":[${end - begin}],"data_offsets":[${begin},${end}]${more}}`;
const file = (json: string, bytes = 4) => rawSafetensors(json, Buffer.alloc(bytes));

describe('a sound header', () => {
  test('gives tensors in the order of their bytes, with offsets from the start of the file', () => {
    const header = parse(
      file(`{"b":${u8(2, 4)},"a":${u8(0, 2)},"__metadata__":{"format":"pt"}}  `),
    );
    expect(header.tensors).toEqual([
      { name: 'a', dtype: 'U8', shape: [2], offset: header.dataStart, bytes: 2 },
      { name: 'b', dtype: 'U8', shape: [2], offset: header.dataStart + 2, bytes: 2 },
    ]);
    expect([...header.metadata]).toEqual([['format', 'pt']]);
  });

  test('may hold scalars, empty tensors and no tensor at all', () => {
    const scalar = '{"dtype":"F32","shape":[],"data_offsets":[0,4]}';
    const empty = '{"dtype":"F32","shape":[3,0],"data_offsets":[0,0]}';
    expect(parse(file(`{"s":${scalar},"e":${empty}}`)).tensors.map((t) => t.name)).toEqual([
      'e',
      's',
    ]);
    expect(parse(file('{}', 0)).tensors).toEqual([]);
  });

  test('may hold escaped and astral names, each kept as it is', () => {
    const names = parse(file(`{"\\u00e9\\ud83d\\ude00":${u8(0, 2)},"\\"\\\\\\/\\n":${u8(2, 4)}}`));
    expect(names.tensors.map((t) => t.name)).toEqual(['é😀', '"\\/\n']);
  });

  test('counts sub-byte types in bits', () => {
    const f4 = '{"dtype":"F4","shape":[2,4],"data_offsets":[0,4]}';
    expect(parse(file(`{"x":${f4}}`)).tensors[0]?.bytes).toBe(4);
  });
});

const shape = (dims: string, end = 4, dtype = 'U8') =>
  `{"x":{"dtype":"${dtype}","shape":${dims},"data_offsets":[0,${end}]}}`;

const refusals: [string, Buffer, RegExp][] = [
  ['a file of 7 bytes', Buffer.alloc(7), /is 7 bytes long, expected at least the 8/],
  [
    'an absurd length',
    Buffer.concat([Buffer.alloc(8, 0xff), Buffer.alloc(99)]),
    /header length 18446744073709551615 exceeds the format's 100000000/,
  ],
  [
    'a length beyond the file',
    file(`{"x":${u8(0, 4)}}`).subarray(0, 30),
    /reaches beyond the end of the file \(30 bytes\)/,
  ],
  ['no brace first', file(` {"x":${u8(0, 4)}}`), /does not begin with "\{"/],
  ['an empty header', file('', 0), /does not begin with "\{"/],
  [
    'bytes that are not UTF-8',
    rawSafetensors(Buffer.from('7b22ff227d', 'hex'), Buffer.alloc(0)),
    /not valid UTF-8/,
  ],
  [
    'a duplicate tensor',
    file(`{"x":${u8(0, 2)},"x":${u8(2, 4)}}`),
    /header byte \d+: duplicate key "x"/,
  ],
  [
    'a duplicate key',
    file(`{"x":${u8(0, 4, ',"dtype":"U8"')}}`),
    /tensor "x": .*duplicate key "dtype"/,
  ],
  ['an escaped duplicate', file(`{"x":${u8(0, 2)},"\\u0078":${u8(2, 4)}}`), /duplicate key "x"/],
  ['__proto__', file(`{"__proto__":${u8(0, 4)}}`), /"__proto__" is refused/],
  [
    '__proto__ in metadata',
    file(`{"__metadata__":{"__proto__":"x"}}`, 0),
    /"__proto__" is refused/,
  ],
  [
    'metadata that is no text',
    file('{"__metadata__":{"a":1}}', 0),
    /"__metadata__": .*expected a string/,
  ],
  ['metadata that is null', file('{"__metadata__":null}', 0), /expected an object/],
  ['bytes after the object', file(`{"x":${u8(0, 4)}}x`), /something follows/],
  ['nesting', file(shape('[[4]]')), /tensor "x": .*expected a whole number/],
  ['deep nesting', file('{"x":'.repeat(100_000), 0), /unknown key "x"/],
  ['an unknown key', file(`{"x":${u8(0, 4, ',"strides":[1]')}}`), /unknown key "strides"/],
  ['an unknown dtype', file(shape('[4]', 4, 'Q8')), /tensor "x": .*unknown dtype "Q8"/],
  ['a missing dtype', file('{"x":{"shape":[4],"data_offsets":[0,4]}}'), /dtype is missing/],
  ['a missing shape', file('{"x":{"dtype":"U8","data_offsets":[0,4]}}'), /shape is missing/],
  ['missing offsets', file('{"x":{"dtype":"U8","shape":[4]}}'), /data_offsets is not/],
  ['three offsets', file('{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4,4]}}'), /more than 2/],
  ['a negative dimension', file(shape('[-4]')), /negative number/],
  ['a fraction', file(shape('[4.0]')), /fraction or an exponent/],
  ['an exponent', file(shape('[4e0]')), /fraction or an exponent/],
  ['a leading zero', file(shape('[04]')), /leading zero/],
  ['a huge number', file(shape('[9007199254740993]')), /above 2\^53/],
  ['an overflowing product', file(shape('[4294967296,4294967296]')), /overflows/],
  ['an overflow before a zero', file(shape('[4294967296,4294967296,0]', 0), 0), /overflows/],
  ['65 dimensions', file(shape(`[${Array(65).fill(1)}]`)), /more than 64 dimensions/],
  ['half a byte', file(shape('[3]', 1, 'F4'), 1), /no whole number of bytes/],
  ['a wrong size', file(shape('[3]')), /span 4 bytes, but U8 \[3\] takes 3/],
  [
    'backward offsets',
    file('{"x":{"dtype":"U8","shape":[0],"data_offsets":[4,0]}}'),
    /run backwards/,
  ],
  [
    'a hole at the start',
    file(`{"x":${u8(1, 4)}}`),
    /tensor "x": leaves a hole: begins at data offset 1, expected 0/,
  ],
  ['a hole between', file(`{"x":${u8(0, 1)},"y":${u8(2, 4)}}`), /tensor "y": leaves a hole/],
  ['an overlap', file(`{"x":${u8(0, 3)},"y":${u8(2, 4)}}`), /tensor "y": overlaps/],
  ['bytes after the last tensor', file(`{"x":${u8(0, 4)}}`, 5), /truncated or extended/],
  ['bytes missing', file(`{"x":${u8(0, 4)}}`, 3), /tensor "x": tensors end at/],
  ['out of range', file(`{"x":${u8(0, 40)}}`, 4), /truncated or extended/],
  ['a lone surrogate', file(`{"\\ud800":${u8(0, 4)}}`), /half of a surrogate pair/],
  ['a bad escape', file(`{"\\x":${u8(0, 4)}}`), /unknown escape/],
  ['a short escape', file(`{"\\u12":${u8(0, 4)}}`), /four hexadecimal digits/],
  ['a raw control character', file(`{"a\tb":${u8(0, 4)}}`), /control character/],
  ['a string without end', file('{"a', 0), /does not end/],
  ['a trailing comma', file(`{"x":${u8(0, 4)},}`), /expected a key/],
  ['NUL padding', file(`{"x":${u8(0, 4)}}\0\0`), /something follows/],
];

describe('a header is refused for', () => {
  test.each(refusals)('%s', (_, bytes, message) => {
    expect(() => parse(bytes)).toThrowError(
      expect.objectContaining({
        type: 'InvalidSafetensors',
        message: expect.stringMatching(message),
      }),
    );
    expect(() => parse(bytes)).toThrowError(/^f\.safetensors: [^\n]+$/);
  });
});

describe('a hostile header', () => {
  test('of a million dimensions, escapes or metadata entries ends as quickly as a small one', () => {
    const dimensions = `[${'1,'.repeat(1_000_000)}1]`;
    expect(() => parse(file(shape(dimensions)))).toThrowError(/more than 64 dimensions/);
    const escapes = `{"${'\\n'.repeat(1_000_000)}":${u8(0, 4)}}`;
    expect(parse(file(escapes)).tensors[0]?.name).toHaveLength(1_000_000);
    const entries = Array.from({ length: 200_000 }, (_, i) => `"${i}":""`).join();
    expect(() => parse(file(`{"__metadata__":{${entries}}}`, 0))).toThrowError(
      /"__metadata__": .*more than 100000 entries/,
    );
  });

  test('never puts control characters or long names into its message', () => {
    const name = `${'\\n\\u001b\\u009b\\u202e'.repeat(10)}${'y'.repeat(500)}`;
    const act = () => parse(file(`{"${name}":${u8(1, 4)}}`));
    expect(act).toThrowError(/^f\.safetensors: [ -~…]{1,600}$/);
  });
});

describe('readHeader', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-header-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const write = async (bytes: Uint8Array) => {
    await writeFile(join(folder, 'm.safetensors'), bytes);
    return readHeader(join(folder, 'm.safetensors'), 'm.safetensors');
  };

  test('reads a file', async () => {
    const header = await write(safetensorsFile({ w: float32([2, 3]) }));
    expect(header.tensors).toMatchObject([{ name: 'w', dtype: 'F32', shape: [2, 3], bytes: 24 }]);
  });

  test.each([
    ['zip', Buffer.from('PK\x03\x04\x14\x00\x00\x00\x08', 'latin1')],
    ['7z', Buffer.from("7z\xbc\xaf'\x1c\x00\x04", 'latin1')],
  ])('refuses a %s archive as unsafe', async (kind, bytes) => {
    await expect(write(bytes)).rejects.toMatchObject({
      type: 'UnsafeSource',
      message: expect.stringMatching(new RegExp(`^m\\.safetensors: is a ${kind}`)),
    });
  });

  test('refuses an empty file', async () => {
    await expect(write(Buffer.alloc(0))).rejects.toMatchObject({ type: 'InvalidSafetensors' });
  });
});
