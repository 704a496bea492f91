import { float32, rawSafetensors, safetensorsFile } from '../safetensorsFile.ts';
import type { BadSource } from './case.ts';

const file = 'model.safetensors';
const sound = safetensorsFile({ 'a.weight': float32([4, 8]), 'a.bias': float32([4]) });

/** A header as text, over 64 bytes of data. */
const withHeader = (json: string) => rawSafetensors(json, Buffer.alloc(64));
const tensor = (name: string, begin: number, end: number, shape = '[8]') =>
  `"${name}":{"dtype":"F32","shape":${shape},"data_offsets":[${begin},${end}]}`;

function headerLength(length: bigint): Buffer {
  const changed = Buffer.from(sound);
  changed.writeBigUInt64LE(length);
  return changed;
}

const invalid = { type: 'InvalidSafetensors', file } as const;

/** Weight files that break a rule of the format (reference: safetensors 0.8, lib.rs). */
export const safetensorsCases: BadSource[] = [
  {
    what: 'a truncated weight file',
    files: { [file]: sound.subarray(0, sound.length - 1) },
    ...invalid,
    reason: /truncated/,
  },
  {
    what: 'an extended weight file',
    files: { [file]: Buffer.concat([sound, Buffer.alloc(3)]) },
    ...invalid,
    reason: /extended/,
  },
  {
    what: 'an empty weight file',
    files: { [file]: '' },
    ...invalid,
    reason: /bytes/,
  },
  {
    what: 'an absurd header length',
    files: { [file]: headerLength(2n ** 63n) },
    ...invalid,
    reason: /header/,
  },
  {
    what: 'a header longer than the file',
    files: { [file]: headerLength(100_000n) },
    ...invalid,
    reason: /header/,
  },
  {
    what: 'tensors that overlap',
    files: {
      [file]: withHeader(
        `{${tensor('a', 0, 32)},${tensor('b', 16, 48)},${tensor('c', 48, 64, '[4]')}}`,
      ),
    },
    ...invalid,
    reason: /"b"/,
  },
  {
    what: 'a tensor beyond the end',
    files: { [file]: withHeader(`{${tensor('a', 0, 32)},${tensor('b', 32, 96, '[16]')}}`) },
    ...invalid,
    reason: /./,
  },
  {
    what: 'a tensor of the wrong size',
    files: { [file]: withHeader(`{${tensor('a', 0, 64, '[3]')}}`) },
    ...invalid,
    reason: /"a".*(64|12)/,
  },
  {
    what: 'a tensor that is there twice',
    files: { [file]: withHeader(`{${tensor('a', 0, 32)},${tensor('a', 32, 64)}}`) },
    ...invalid,
    reason: /"a".*(twice|duplicate)|(twice|duplicate).*"a"/i,
  },
  {
    what: 'NaN in a tensor',
    files: { [file]: safetensorsFile({ w: float32([2, 2], [0, 1, Number.NaN, 0]) }) },
    type: 'NonFiniteTensor',
    file,
    reason: /"w".*NaN or infinity at element 2/,
  },
  {
    what: 'zip magic where safetensors is expected',
    files: { [file]: Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(200)]) },
    type: 'UnsafeSource',
    file,
    reason: /zip/i,
  },
];
