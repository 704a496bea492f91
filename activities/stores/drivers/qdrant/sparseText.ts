/** Parameters of BM25 and expected tokens of a text, as Qdrant's own BM25 model has them. */
const k1 = 1.2;
const b = 0.75;
const averageTokens = 256;

export interface SparseVector {
  /** Ascending, no two alike. */
  indices: number[];
  values: number[];
}

/**
 * A text's term weights of BM25 without the inverse document frequency, which Qdrant multiplies in
 * at query time over what the collection holds then (sparse vector modifier `idf`): Robertson and
 * Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009. Terms are words of
 * letters and digits in lower case, as 32-bit FNV-1a hashes.
 * @returns undefined for a text without words
 */
export function sparseDocument(text: string): SparseVector | undefined {
  const counts = new Map<number, number>();
  let tokens = 0;
  for (const term of termsOf(text)) {
    counts.set(term, (counts.get(term) ?? 0) + 1);
    tokens += 1;
  }
  const length = k1 * (1 - b + (b * tokens) / averageTokens);
  return sparse(counts, (count) => (count * (k1 + 1)) / (count + length));
}

/** Each term of a query once. */
export function sparseQuery(text: string): SparseVector | undefined {
  return sparse(new Map(Array.from(termsOf(text), (term) => [term, 1])), () => 1);
}

function sparse(counts: Map<number, number>, weigh: (count: number) => number) {
  if (counts.size === 0) return undefined;
  const indices = [...counts.keys()].sort((x, y) => x - y);
  return { indices, values: indices.map((index) => weigh(counts.get(index)!)) };
}

function* termsOf(text: string): Generator<number> {
  for (const [word] of text
    .normalize('NFKC')
    .toLowerCase()
    .matchAll(/[\p{L}\p{M}\p{N}]+/gu)) {
    let hash = 0x811c9dc5;
    for (const byte of Buffer.from(word)) hash = Math.imul(hash ^ byte, 0x01000193);
    yield hash >>> 0;
  }
}
