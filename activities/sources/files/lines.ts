import type { FileHandle } from 'node:fs/promises';

/** A line of a file without its line feed; a carriage return before that is part of it. */
export interface Line {
  /** Byte offset of its beginning. */
  at: number;
  /** Byte offset of the next line. */
  next: number;
  /** Bytes of the line, its line feed included where it has one. */
  length: number;
  /** The first bytes only where `cut`. */
  bytes: Buffer;
  /** Longer than the limit: it was not kept in memory. */
  cut: boolean;
}

export interface LineOptions {
  /** Longest line to keep, bytes. */
  limit: number;
  chunkBytes?: number;
  signal?: AbortSignal;
}

const lineFeed = 10;
const keptOfCut = 2000;

/** Lines that begin in [from, to), `to` being a line's border or the end; memory is bounded. */
export async function* readLines(
  file: FileHandle,
  from: number,
  to: number,
  { limit, chunkBytes = 1024 * 1024, signal }: LineOptions,
): AsyncGenerator<Line> {
  let at = from;
  let parts: Buffer[] = [];
  let length = 0;
  let cut = false;
  const take = (piece: Buffer): void => {
    length += piece.length;
    if (!cut) parts.push(piece);
    if (!cut && length > limit) {
      cut = true;
      parts = [Buffer.from(Buffer.concat(parts).subarray(0, keptOfCut))];
    }
  };
  const finish = (terminated: boolean): Line => {
    const bytes = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    const full = length + (terminated ? 1 : 0);
    const line = { at, next: at + full, length: full, bytes, cut };
    at = line.next;
    parts = [];
    length = 0;
    cut = false;
    return line;
  };
  for (let offset = from; offset < to; ) {
    signal?.throwIfAborted();
    // A buffer of its own each time: lines are views of it.
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, to - offset));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, offset);
    if (bytesRead === 0) break;
    offset += bytesRead;
    let start = 0;
    for (;;) {
      const end = chunk.subarray(0, bytesRead).indexOf(lineFeed, start);
      if (end < 0) break;
      take(chunk.subarray(start, end));
      yield finish(true);
      start = end + 1;
    }
    if (start < bytesRead) take(chunk.subarray(start, bytesRead));
  }
  if (length > 0) yield finish(false);
}

/** Byte offset of the first line that begins at or after `offset`; `end` where none does. */
export async function lineStartAt(file: FileHandle, offset: number, end: number): Promise<number> {
  if (offset <= 0) return 0;
  const chunk = Buffer.allocUnsafe(64 * 1024);
  for (let at = offset - 1; at < end; ) {
    const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, end - at), at);
    if (bytesRead === 0) break;
    const found = chunk.subarray(0, bytesRead).indexOf(lineFeed);
    if (found >= 0) return Math.min(end, at + found + 1);
    at += bytesRead;
  }
  return end;
}

/** Byte offset of the line that `end` cuts short; `end` where a line ends there. */
export async function unfinishedLineAt(file: FileHandle, end: number): Promise<number> {
  const chunk = Buffer.allocUnsafe(64 * 1024);
  for (let to = end; to > 0; ) {
    const from = Math.max(0, to - chunk.length);
    const { bytesRead } = await file.read(chunk, 0, to - from, from);
    const found = chunk.subarray(0, bytesRead).lastIndexOf(lineFeed);
    if (found >= 0) return from + found + 1;
    to = from;
  }
  return 0;
}
