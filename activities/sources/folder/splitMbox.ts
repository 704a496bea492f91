import type { FileHandle } from 'node:fs/promises';
import { readLines } from '../files/lines.ts';

export interface MboxMessage {
  /** Byte offset of its `From ` line. */
  at: number;
  next: number;
  /** null: longer than the limit. */
  bytes: Buffer | null;
}

const separator = Buffer.from('From ');
const isBlank = (bytes: Buffer): boolean => /^\r?$/.test(bytes.toString('latin1', 0, 2));

/**
 * Messages of an mbox (RFC 4155) from a message's offset on: each begins with a `From ` line, which
 * follows an empty one; `>From ` within is a quoted `From `.
 */
export async function* splitMbox(
  file: FileHandle,
  from: number,
  to: number,
  options: { limit: number; signal?: AbortSignal },
): AsyncGenerator<MboxMessage> {
  let at = from;
  let lines: Buffer[] = [];
  let size = 0;
  let afterBlank = false;
  const message = (next: number): MboxMessage => ({
    at,
    next,
    bytes: size > options.limit ? null : Buffer.concat(lines),
  });
  for await (const line of readLines(file, from, to, options)) {
    if (line.at > at && afterBlank && startsWith(line.bytes, separator)) {
      yield message(line.at);
      at = line.at;
      lines = [];
      size = 0;
    }
    size += line.length;
    if (size > options.limit || line.cut) {
      size = Math.max(size, options.limit + 1);
      lines = [];
    } else {
      lines.push(unquoted(line.bytes), lineFeed);
    }
    afterBlank = isBlank(line.bytes);
  }
  if (size > 0) yield message(to);
}

const lineFeed = Buffer.from('\n');
const quotedFrom = /^>+From /;

function unquoted(bytes: Buffer): Buffer {
  return bytes[0] === 62 && quotedFrom.test(bytes.toString('latin1', 0, 100))
    ? bytes.subarray(1)
    : bytes;
}

const startsWith = (bytes: Buffer, prefix: Buffer): boolean =>
  bytes.subarray(0, prefix.length).equals(prefix);
