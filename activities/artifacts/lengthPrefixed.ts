/**
 * Encodes parts one after the other, each behind its length as a 32-bit big-endian integer, so that
 * no two lists of parts have the same encoding.
 */
export function lengthPrefixed(...parts: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = typeof part === 'string' ? Buffer.from(part, 'utf8') : part;
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}
