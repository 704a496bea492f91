/** What bounds the memory of one page, whatever its source holds. */
export const pageLimits = {
  /** Bytes of text and metadata after which a page ends before its number of records. */
  textBytes: 32 * 2 ** 20,
  /** A longer text is no document but a mistake: dead letter `too-large`. Bytes of UTF-8. */
  recordTextBytes: 8 * 2 ** 20,
  /** Every chunk of a record carries all of it; bytes of its JSON. */
  recordMetadataBytes: 256 * 2 ** 10,
  /** Bytes of vectors after which a page ends. */
  vectorBytes: 256 * 2 ** 20,
  /** Bytes of one record's vectors; more is `too-large`. */
  recordVectorBytes: 64 * 2 ** 20,
  /** Texts that are embedded and put into the cache at a time: what a kill costs at most. */
  embedTexts: 2048,
} as const;
