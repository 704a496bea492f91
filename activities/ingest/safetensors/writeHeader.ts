import { dtypeInfo } from './dtypes.ts';

export interface HeaderEntry {
  name: string;
  dtype: string;
  shape: readonly number[];
  bytes: number;
}

/** Data sections begin at a multiple of a page, so that mapped tensors are aligned views. */
export const dataAlignment = 4096;

/**
 * The order in which the safetensors library writes tensors: strictest alignment first, then by
 * name. With it every tensor of a page-aligned data section is aligned to its element size.
 */
export function writerOrder(a: HeaderEntry, b: HeaderEntry): number {
  const byDtype = (dtypeInfo(b.dtype)?.rank ?? -1) - (dtypeInfo(a.dtype)?.rank ?? -1);
  if (byDtype !== 0) return byDtype;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/**
 * First bytes of a safetensors file, up to its data section: length, JSON and padding with spaces.
 * @param tensors in the order in which their bytes follow.
 */
export function writeHeader(tensors: readonly HeaderEntry[]): Buffer {
  const entries = ['"__metadata__":{"format":"pt"}'];
  let offset = 0;
  for (const { name, dtype, shape, bytes } of tensors) {
    const description = { dtype, shape, data_offsets: [offset, offset + bytes] };
    entries.push(`${JSON.stringify(name)}:${JSON.stringify(description)}`);
    offset += bytes;
  }
  const json = Buffer.from(`{${entries.join(',')}}`, 'utf8');
  const length = Math.ceil((8 + json.length) / dataAlignment) * dataAlignment;
  const header = Buffer.alloc(length, ' ');
  header.writeBigUInt64LE(BigInt(length - 8), 0);
  json.copy(header, 8);
  return header;
}

/**
 * Upper bound of a header's length, bytes: names may be written with `\uXXXX`, numbers with 16
 * digits, and Python's json puts a space after each comma and colon.
 */
export function maxHeaderLength(tensors: readonly Pick<HeaderEntry, 'name' | 'shape'>[]): number {
  let length = 8 + 64;
  for (const tensor of tensors) length += maxEntryLength(tensor);
  return Math.ceil(length / dataAlignment) * dataAlignment;
}

/** Upper bound of what one tensor adds to a header's JSON, bytes. */
export function maxEntryLength({ name, shape }: Pick<HeaderEntry, 'name' | 'shape'>): number {
  return 6 * name.length + 16 * shape.length + 2 * shape.length + 128;
}
