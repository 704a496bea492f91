/** A piece of a text. */
export interface Chunk {
  text: string;
  /** Of the embedding model, special tokens included. */
  tokens: number;
}

/** Splits on paragraph, sentence and word borders, in this order of preference. */
export interface TextSplitter {
  /** Changes when the same text may be split in another way. */
  readonly version: string;
  /** One list a text, in order; empty for a text without any content. */
  split(texts: readonly string[]): Promise<Chunk[][]>;
}

export interface SplitterOptions {
  /** Absolute path of a `tokenizer.json`; null: four characters count as a token. */
  tokenizer: string | null;
  maxTokens: number;
  overlapTokens: number;
}
