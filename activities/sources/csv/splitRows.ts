import type { FileHandle } from 'node:fs/promises';
import { readLines } from '../files/lines.ts';
import type { TextPosition } from '../files/textFormat.ts';
import { carriageReturn, lineFeed, newScan, scanRow } from './scanRow.ts';

/** The bytes of one row, quoted line breaks included, its line end not. */
export interface RawRow extends TextPosition {
  next: TextPosition;
  /** The first bytes only of one that is too large. */
  bytes: Buffer;
  /** Why it is no row; then it is one physical line, and reading goes on with the next. */
  problem: 'quote' | 'too-large' | null;
  /** Whether its end was seen, so that nothing appended can belong to it. */
  finished: boolean;
}

export interface SplitOptions {
  /** Code of the character. */
  delimiter: number;
  /** Longest row, bytes. */
  limit: number;
  chunkBytes?: number;
  signal?: AbortSignal;
}

/**
 * The rows that begin in [from, to), empty lines left out. A quote that is not closed, or has
 * something other than a delimiter behind it, spoils the first line of its row only.
 */
export async function* splitRows(
  file: FileHandle,
  from: TextPosition,
  to: number,
  options: SplitOptions,
): AsyncGenerator<RawRow> {
  const { delimiter, limit, chunkBytes = 1024 * 1024, signal } = options;
  /** From the row's beginning on. */
  let buffer: Buffer = Buffer.alloc(0);
  let { at, line } = from;
  let start = 0;
  let scan = newScan(0);

  async function readMore(): Promise<boolean> {
    signal?.throwIfAborted();
    const rest = buffer.subarray(start);
    // Grows with the row, so that a long one is not copied for each chunk.
    const wanted = Math.min(Math.max(chunkBytes, rest.length), to - at - rest.length);
    if (wanted <= 0) return false;
    const grown = Buffer.allocUnsafe(rest.length + wanted);
    rest.copy(grown);
    const { bytesRead } = await file.read(grown, rest.length, wanted, at + rest.length);
    buffer = grown.subarray(0, rest.length + bytesRead);
    scan.at -= start;
    start = 0;
    return bytesRead > 0;
  }

  function take(end: number, problem: RawRow['problem'], finished: boolean): RawRow {
    const ended = end < buffer.length ? end + 1 : end;
    const ending = end > start && buffer[end - 1] === carriageReturn ? end - 1 : end;
    const lines = problem === null ? scan.breaks + 1 : 1;
    const next = { at: at + ended - start, line: line === null ? null : line + lines };
    const row = { at, line, next, bytes: buffer.subarray(start, ending), problem, finished };
    ({ at, line } = next);
    start = ended;
    scan = newScan(start);
    return row;
  }

  /** Gives up the row's first line; what was taken for its continuation is looked at again. */
  async function spoil(problem: 'quote' | 'too-large', finished: boolean): Promise<RawRow> {
    for (let from = start; ; ) {
      const end = buffer.indexOf(lineFeed, from);
      if (end >= 0) return take(end, problem, finished);
      if (buffer.length - start > limit) break;
      from = buffer.length - start;
      if (!(await readMore())) return take(buffer.length, problem, finished);
    }
    const row = await longLine(file, { at, line }, to, options);
    ({ at, line } = row.next);
    buffer = Buffer.alloc(0);
    start = 0;
    scan = newScan(0);
    return row;
  }

  async function nextRow(): Promise<RawRow | undefined> {
    for (;;) {
      const found = scanRow(buffer, scan, delimiter);
      if (scan.at - start > limit) return spoil('too-large', true);
      if (found === 'end') return take(scan.at, null, true);
      if (found === 'broken') return spoil('quote', true);
      if (await readMore()) continue;
      if (start === buffer.length) return undefined;
      return scan.state === 'quoted' ? spoil('quote', false) : take(buffer.length, null, false);
    }
  }

  for (let row = await nextRow(); row !== undefined; row = await nextRow()) {
    if (row.bytes.length > 0) yield row;
  }
}

/** A line that is longer than a row may be, without keeping it. */
async function longLine(
  file: FileHandle,
  { at, line }: TextPosition,
  to: number,
  { limit, signal }: SplitOptions,
): Promise<RawRow> {
  const { value } = await readLines(file, at, to, { limit, signal }).next();
  const next = { at: value?.next ?? to, line: line === null ? null : line + 1 };
  const bytes = value?.bytes ?? Buffer.alloc(0);
  return { at, line, next, bytes, problem: 'too-large', finished: next.at < to };
}
