const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A name as a folder holds it: any bytes. */
export interface FileName {
  /** Bytes that are no UTF-8 as `\xe9`. */
  name: string;
  /** Whether the name is UTF-8: another one is no part of a path that a record could have as its id. */
  isText: boolean;
}

export function readFileName(bytes: Buffer): FileName {
  try {
    return { name: utf8.decode(bytes), isText: true };
  } catch {
    return { name: escaped(bytes), isText: false };
  }
}

function escaped(bytes: Buffer): string {
  return Array.from(bytes, (byte) =>
    byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`,
  ).join('');
}
