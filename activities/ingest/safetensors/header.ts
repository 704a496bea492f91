import { berthError } from '../../../workflows/contracts/errors.ts';
import { type Dtype, isDtype, tensorBytes } from './dtypes.ts';
import { StrictJsonReader } from './strictJson.ts';
import { excerpt, StrictJsonError } from './strictJsonError.ts';

/** The format's own bound on the header's length, bytes. */
export const maxHeaderBytes = 100_000_000;
/** PyTorch and NumPy stop at 64 dimensions; the bound keeps a hostile shape from filling memory. */
export const maxRank = 64;
/** Far above any model's; keeps a hostile header from filling memory. */
export const maxTensors = 1_000_000;
/** Entries of `__metadata__`; trainers write some dozens. */
export const maxMetadata = 100_000;

export interface HeaderTensor {
  name: string;
  dtype: Dtype;
  shape: number[];
  /** First byte, counted from the start of the file. */
  offset: number;
  bytes: number;
}

export interface SafetensorsHeader {
  /** In the order of their bytes. */
  tensors: HeaderTensor[];
  metadata: Map<string, string>;
  /** Where the data section begins, bytes from the start of the file. */
  dataStart: number;
}

/**
 * Length of the header from the first 8 bytes of a file (u64, little endian).
 * @throws BerthError InvalidSafetensors when it is over 100,000,000 or reaches beyond the file.
 */
export function headerLength(prefix: Buffer, fileBytes: number, file: string): number {
  if (fileBytes < 8 || prefix.length < 8) {
    refuse(
      file,
      undefined,
      `is ${fileBytes} bytes long, expected at least the 8 of a header length`,
    );
  }
  const length = prefix.readBigUInt64LE(0);
  if (length > BigInt(maxHeaderBytes)) {
    refuse(file, undefined, `header length ${length} exceeds the format's ${maxHeaderBytes} bytes`);
  }
  if (Number(length) > fileBytes - 8) {
    refuse(
      file,
      undefined,
      `header length ${length} reaches beyond the end of the file (${fileBytes} bytes); it is truncated or no safetensors file`,
    );
  }
  return Number(length);
}

/**
 * Parses and checks a safetensors header by every rule of the format (safetensors/src/tensor.rs and
 * README), and more strictly where the library is lenient: duplicate and unknown keys are refused.
 * @param json the header's bytes, without the 8 of its length.
 * @param fileBytes size of the whole file: tensors must end exactly there.
 * @throws BerthError InvalidSafetensors naming file, tensor and rule.
 */
export function parseHeader(json: Buffer, fileBytes: number, file: string): SafetensorsHeader {
  if (json[0] !== 0x7b) refuse(file, undefined, 'header does not begin with "{"');
  const dataStart = 8 + json.length;
  const tensors: HeaderTensor[] = [];
  const metadata = new Map<string, string>();
  let current: string | undefined;
  try {
    const reader = new StrictJsonReader(json);
    reader.object((key) => {
      current = key;
      if (key === '__metadata__') {
        reader.object((name) => {
          if (metadata.size === maxMetadata) reader.fail(`more than ${maxMetadata} entries`);
          metadata.set(name, reader.string());
        });
      } else {
        if (tensors.length === maxTensors) reader.fail(`more than ${maxTensors} tensors`);
        tensors.push(readTensor(reader, key, dataStart));
      }
      current = undefined;
    });
    reader.end();
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    refuse(file, current, `header byte ${8 + error.offset}: ${error.rule}`);
  }
  tensors.sort((a, b) => a.offset - b.offset || a.bytes - b.bytes);
  checkCoverage(tensors, dataStart, fileBytes, file);
  return { tensors, metadata, dataStart };
}

function readTensor(reader: StrictJsonReader, name: string, dataStart: number): HeaderTensor {
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  reader.object((key) => {
    if (key === 'dtype') dtype = reader.string();
    else if (key === 'shape') shape = readIntegers(reader, maxRank, 'dimensions');
    else if (key === 'data_offsets') offsets = readIntegers(reader, 2, 'data_offsets');
    else reader.fail(`unknown key ${excerpt(key)}, expected dtype, shape and data_offsets only`);
  });
  if (dtype === undefined) return reader.fail('dtype is missing');
  if (shape === undefined) return reader.fail('shape is missing');
  const [begin, end] = offsets ?? [];
  if (begin === undefined || end === undefined)
    return reader.fail('data_offsets is not [begin, end]');
  if (!isDtype(dtype)) return reader.fail(`unknown dtype ${excerpt(dtype)}`);
  const bytes = tensorBytes(dtype, shape);
  if (bytes === undefined) {
    return reader.fail(`${dtype} [${shape}] overflows or is no whole number of bytes`);
  }
  if (end < begin) return reader.fail(`data_offsets [${begin},${end}] run backwards`);
  if (end - begin !== bytes) {
    return reader.fail(
      `data_offsets [${begin},${end}] span ${end - begin} bytes, but ${dtype} [${shape}] takes ${bytes}`,
    );
  }
  if (!Number.isSafeInteger(dataStart + end)) return reader.fail('data_offsets overflow');
  return { name, dtype, shape, offset: dataStart + begin, bytes };
}

function readIntegers(reader: StrictJsonReader, limit: number, what: string): number[] {
  const values: number[] = [];
  reader.array(() => {
    if (values.length === limit) reader.fail(`more than ${limit} ${what}`);
    values.push(reader.unsignedInteger());
  });
  return values;
}

/** Sorted by offset, tensors cover the data section without hole or overlap, to the last byte. */
function checkCoverage(
  tensors: readonly HeaderTensor[],
  dataStart: number,
  fileBytes: number,
  file: string,
): void {
  let expected = dataStart;
  for (const { name, offset, bytes } of tensors) {
    if (offset !== expected) {
      const what = offset > expected ? 'leaves a hole' : 'overlaps another tensor';
      refuse(
        file,
        name,
        `${what}: begins at data offset ${offset - dataStart}, expected ${expected - dataStart}`,
      );
    }
    expected += bytes;
  }
  if (expected !== fileBytes) {
    refuse(
      file,
      tensors.at(-1)?.name,
      `tensors end at byte ${expected}, but the file has ${fileBytes}; it is truncated or extended`,
    );
  }
}

function refuse(file: string, tensor: string | undefined, rule: string): never {
  const where = tensor === undefined ? '' : ` tensor ${excerpt(tensor)}:`;
  throw berthError('InvalidSafetensors', `${file}:${where} ${rule}`, { file, tensor, rule });
}
