import { StrictJsonError } from './strictJsonError.ts';

const backslash = 0x5c;
const letterU = 0x75;

/** What the byte after a backslash stands for, `u` aside (RFC 8259, section 7). */
const escapes = new Map(
  [...'"\\/bfnrt'].map((letter, index) => [
    letter.charCodeAt(0),
    '"\\/\b\f\n\r\t'.charCodeAt(index),
  ]),
);

/**
 * The text between the quotes of a JSON string that holds escapes. Linear: UTF-8 is never longer
 * than its escaped form, so one buffer of that length is enough.
 * @throws StrictJsonError for an unknown escape and for half of a surrogate pair, which has no UTF-8.
 */
export function unescapeJsonString(bytes: Buffer, start: number, end: number): string {
  const out = Buffer.allocUnsafe(end - start);
  let length = 0;
  for (let at = start; at < end; ) {
    const byte = bytes[at] as number;
    if (byte !== backslash) {
      out[length] = byte;
      length += 1;
      at += 1;
      continue;
    }
    const kind = bytes[at + 1] as number;
    if (kind === letterU) {
      const code = codePoint(bytes, at, end);
      length += out.write(String.fromCodePoint(code), length, 'utf8');
      at += code > 0xffff ? 12 : 6;
      continue;
    }
    const plain = escapes.get(kind);
    if (plain === undefined) throw new StrictJsonError('an unknown escape in a string', at);
    out[length] = plain;
    length += 1;
    at += 2;
  }
  return out.toString('utf8', 0, length);
}

/** The code point of the `\uXXXX` at `at`, joined with a second one when it is a high surrogate. */
function codePoint(bytes: Buffer, at: number, end: number): number {
  const code = hex(bytes, at + 2, end);
  if (code < 0xd800 || code > 0xdfff) return code;
  const paired = bytes[at + 6] === backslash && bytes[at + 7] === letterU;
  const low = paired ? hex(bytes, at + 8, end) : 0;
  if (code > 0xdbff || low < 0xdc00 || low > 0xdfff) {
    throw new StrictJsonError('half of a surrogate pair in a string', at);
  }
  return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

function hex(bytes: Buffer, at: number, end: number): number {
  const text = bytes.toString('latin1', at, Math.min(at + 4, end));
  if (!/^[0-9a-fA-F]{4}$/.test(text)) {
    throw new StrictJsonError('an escape without four hexadecimal digits in a string', at);
  }
  return Number.parseInt(text, 16);
}
