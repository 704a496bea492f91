import type { EmbeddingSpec } from '../../workflows/contracts/backfill/request.ts';

export interface EmbedOptions {
  signal?: AbortSignal;
  /** Texts done. */
  onProgress?(done: number, total: number): void;
}

/** One text's vector, or why there is none. */
export type Embedded =
  | { vector: Float32Array; failure?: undefined }
  | {
      vector?: undefined;
      failure: { kind: 'embedding-refused' | 'embedding-not-finite'; reason: string };
    };

/** Turns texts into vectors of one spec. */
export interface Embedder {
  readonly spec: EmbeddingSpec;
  /**
   * One answer a text, in order; vectors have `spec.dimensions` finite values, normalised when the
   * spec says so. A text that the model refuses, however small its batch, is a failure of its own.
   * @throws BerthError EmbedderFailed (retryable: down, throttled for long), DimensionMismatch (the
   *   embedder gives another length than its spec), CredentialsRefused, BridgeFailed, LeaseFenced
   */
  embed(texts: readonly string[], options?: EmbedOptions): Promise<Embedded[]>;
}
