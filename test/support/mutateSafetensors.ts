import fc from 'fast-check';
import { dtypeNames } from '../../activities/ingest/safetensors/dtypes.ts';
import { rawSafetensors } from './safetensorsFile.ts';

/** Sizes in bits, written out here so that nothing of the code under test is trusted. */
export const bitsOf: Record<string, number> = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
};

interface Entry {
  name: string;
  dtype: string;
  shape: number[];
  begin: number;
  end: number;
}

const validEntries = fc
  .array(
    fc.record({
      name: fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('a', 'b.weight', 'é', '"q"')),
      dtype: fc.constantFrom(...dtypeNames),
      shape: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }),
    }),
    { maxLength: 6 },
  )
  .map((tensors) => {
    const entries: Entry[] = [];
    let offset = 0;
    for (const tensor of tensors) {
      // Eight of each keep sub-byte types whole.
      const shape = [...tensor.shape, 8];
      const bits = shape.reduce((a, b) => a * b, bitsOf[tensor.dtype] as number);
      entries.push({ ...tensor, shape, begin: offset, end: offset + bits / 8 });
      offset += bits / 8;
    }
    return { entries, bytes: offset };
  });

type Edit = (json: string) => string;

const numberEdits = fc.constantFrom(
  '0',
  '1',
  '-1',
  '1.0',
  '1e3',
  '007',
  '9007199254740993',
  '',
  '[]',
);
const inserts = fc.constantFrom(
  ...['"a":1', ',', '{', '}', '[', ']', '"', '\\', '\\u', '\\ud800', '\u0000', ' ', 'null', ':'],
  ...['"__proto__":{},', '"__metadata__":{"k":"v","k":"w"},', '"__metadata__":{"k":1},', '\uFEFF'],
);
/** Picks the n-th match, so that every number and name of the text is reachable. */
const replaceNth = (json: string, pattern: RegExp, nth: number, by: (match: string) => string) => {
  const matches = [...json.matchAll(pattern)];
  const match = matches[nth % Math.max(1, matches.length)];
  if (match === undefined) return json;
  return json.slice(0, match.index) + by(match[0]) + json.slice(match.index + match[0].length);
};

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(fc.nat(), inserts).map(
    ([at, text]): Edit =>
      (json) => {
        const position = at % (json.length + 1);
        return json.slice(0, position) + text + json.slice(position);
      },
  ),
  fc.tuple(fc.nat(), fc.integer({ min: 1, max: 8 })).map(
    ([at, count]): Edit =>
      (json) => {
        const position = at % (json.length + 1);
        return json.slice(0, position) + json.slice(position + count);
      },
  ),
  fc.tuple(fc.nat(), numberEdits).map(
    ([nth, by]): Edit =>
      (json) =>
        replaceNth(json, /\d+/g, nth, () => by),
  ),
  fc.tuple(fc.nat(), fc.integer({ min: -2, max: 2 })).map(
    ([nth, by]): Edit =>
      (json) =>
        replaceNth(json, /\d+/g, nth, (n) => String(Number(n) + by)),
  ),
  fc.tuple(fc.nat(), fc.constantFrom(...dtypeNames, 'Q4', '')).map(
    ([nth, by]): Edit =>
      (json) =>
        replaceNth(json, /(?<="dtype":")\w+/g, nth, () => by),
  ),
  fc
    .tuple(fc.nat(), fc.constantFrom('a', 'dtype', 'shape', 'extra', '__proto__', '__metadata__'))
    .map(
      ([nth, by]): Edit =>
        (json) =>
          replaceNth(json, /(?<=")[^"]+(?=":)/g, nth, () => by),
    ),
  fc.constant<Edit>((json) => json.replace(/^\{(.*)\}$/s, '{$1,$1}')),
  fc.constant<Edit>((json) => `${json}   \n`),
  fc.constant<Edit>((json) => `{${json}}`),
  fc.constant<Edit>((json) => json.replaceAll(':', ' :\t').replaceAll(',', ' , ')),
);

type FileEdit = (file: Buffer) => Buffer;

const fileEdit: fc.Arbitrary<FileEdit> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<FileEdit>((file) => file) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })).map(
      ([at, mask]): FileEdit =>
        (file) => {
          const changed = Buffer.from(file);
          const position = at % Math.max(1, file.length);
          if (file.length > 0) changed[position] = (file[position] as number) ^ mask;
          return changed;
        },
    ),
  },
  fc.nat().map(
    (at): FileEdit =>
      (file) =>
        file.subarray(0, at % (file.length + 1)),
  ),
  fc.uint8Array({ minLength: 1, maxLength: 9 }).map(
    (more): FileEdit =>
      (file) =>
        Buffer.concat([file, more]),
  ),
);

/** Whole safetensors files, some sound, most broken in up to three ways. */
export const mutatedSafetensors: fc.Arbitrary<Buffer> = fc
  .tuple(validEntries, fc.array(edit, { maxLength: 3 }), fileEdit, fc.boolean())
  .map(([{ entries, bytes }, edits, editFile, shuffled]) => {
    const ordered = shuffled ? [...entries].reverse() : entries;
    const members = ordered.map(
      ({ name, dtype, shape, begin, end }) =>
        `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`,
    );
    const json = edits.reduce((text, change) => change(text), `{${members.join(',')}}`);
    return editFile(rawSafetensors(json, Buffer.alloc(bytes)));
  });
