import type { EmbeddingSpec } from '../../workflows/contracts/backfill/request.ts';

/** Vectors by what made them; shared by all jobs and stores of a host. */
export interface EmbeddingCache {
  /** One entry a digest, in order; undefined where it is not known. */
  get(spec: EmbeddingSpec, textDigests: readonly string[]): Promise<(Float32Array | undefined)[]>;
  /** Durable when it resolves. */
  put(
    spec: EmbeddingSpec,
    entries: readonly { textDigest: string; vector: Float32Array }[],
  ): Promise<void>;
  close(): Promise<void>;
}
