/** Longest line that may be blank, bytes. */
export const blankLimit = 64;

const blank = /^(?:\xef\xbb\xbf)?[ \t\r]*$/;

/** Whether a line holds white space of JSON only, a byte order mark apart. */
export const isBlankLine = (bytes: Buffer): boolean =>
  bytes.length <= blankLimit && blank.test(bytes.toString('latin1'));
