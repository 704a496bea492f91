/** Where a scan of one row stands; begins as `newScan(start)`. */
export interface RowScan {
  /** Offset in the buffer of the byte that is looked at next. */
  at: number;
  state: 'field' | 'plain' | 'quoted' | 'closed' | 'returned';
  /** Line feeds inside quotes. */
  breaks: number;
}

export const newScan = (at: number): RowScan => ({ at, state: 'field', breaks: 0 });

const quote = 34;
export const lineFeed = 10;
export const carriageReturn = 13;

/**
 * Looks for the line feed that ends a row, by the rules of RFC 4180 for quotes: one opens at the
 * beginning of a field only, two are one, and behind a closing one comes a delimiter or the end.
 * @returns `more` at the buffer's end, where `scan` can go on with a longer buffer; `broken` for a
 *   closing quote with something else behind it; `end` with `scan.at` at the line feed
 */
export function scanRow(
  buffer: Buffer,
  scan: RowScan,
  delimiter: number,
): 'more' | 'broken' | 'end' {
  let { at, state } = scan;
  try {
    for (; at < buffer.length; at += 1) {
      const byte = buffer[at];
      if (state === 'quoted') {
        if (byte === quote) state = 'closed';
        else if (byte === lineFeed) scan.breaks += 1;
      } else if (byte === lineFeed) {
        return 'end';
      } else if (byte === delimiter) {
        state = 'field';
      } else if (state === 'field') {
        state = byte === quote ? 'quoted' : 'plain';
      } else if (state === 'closed' && byte === quote) {
        state = 'quoted';
      } else if (state !== 'plain') {
        if (byte !== carriageReturn) return 'broken';
        state = 'returned';
      }
    }
    return 'more';
  } finally {
    scan.at = at;
    scan.state = state;
  }
}
