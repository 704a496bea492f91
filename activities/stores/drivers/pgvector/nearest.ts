import type { CollectionSpec } from '../../vectorStore.ts';

/** How the nearest are found by an index: by what it holds, and how many to rank anew by the vector. */
export interface NearestBy {
  /** Over a column or a parameter. */
  expression(of: string): string;
  operator: string;
  /** Operator class of the index. */
  operators: string;
  /** Rows to take of the index for a limit. */
  depth(limit: number): number;
}

/** Longest vectors that pgvector indexes (its README, "Vector Types" and "HNSW"). */
export const longestIndexed = { none: 2_000, half: 4_000, binary: 16_000 } as const;

/** Vectors are kept whole whatever the index holds of them. */
export function nearestBy({ embedding, layout }: CollectionSpec): NearestBy {
  const { dimensions } = embedding;
  if (layout.quantization === 'half') {
    return {
      expression: (of) => `${of}::halfvec(${dimensions})`,
      operator: '<=>',
      operators: 'halfvec_cosine_ops',
      depth: (limit) => limit * 2 + 10,
    };
  }
  if (layout.quantization === 'binary') {
    return {
      expression: (of) => `binary_quantize(${of})::bit(${dimensions})`,
      operator: '<~>',
      operators: 'bit_hamming_ops',
      depth: (limit) => Math.max(limit * 20, 200),
    };
  }
  return {
    expression: (of) => of,
    operator: '<=>',
    operators: 'vector_cosine_ops',
    depth: (limit) => limit,
  };
}
