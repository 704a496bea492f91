import { createHash } from 'node:crypto';
import type { Embedded, Embedder } from '../../../activities/embeddings/embedder.ts';
import type { EmbeddingCache } from '../../../activities/embeddings/embeddingCache.ts';
import type { TextSplitter } from '../../../activities/embeddings/textSplitter.ts';
import type { EmbeddingSpec } from '../../../workflows/contracts/backfill/request.ts';

export const hashSpec: EmbeddingSpec = {
  contentDigest: 'a'.repeat(64),
  pooling: 'mean',
  normalize: true,
  dimensions: 8,
  maxTokens: 32,
};

/** A vector of a text's hash: the same text has the same one, another text another one. */
export function hashVector(text: string): Float32Array {
  const bytes = createHash('sha256').update(text).digest();
  return Float32Array.from(
    { length: hashSpec.dimensions },
    (_, index) => bytes.readInt8(index) / 128,
  );
}

export interface HashEmbedder extends Embedder {
  /** Every text that it was given, in order. */
  readonly embedded: string[];
}

/** Embeds by hashing, so that what a store holds can be told from its text. */
export function createHashEmbedder(
  answer: (text: string) => Embedded = (text) => ({ vector: hashVector(text) }),
): HashEmbedder {
  const embedded: string[] = [];
  return {
    spec: hashSpec,
    embedded,
    async embed(texts, options) {
      embedded.push(...texts);
      options?.onProgress?.(texts.length, texts.length);
      return texts.map(answer);
    },
  };
}

/** A cache that lives as long as the test. */
export function createMemoryCache(): EmbeddingCache {
  const vectors = new Map<string, Float32Array>();
  const key = (spec: EmbeddingSpec, digest: string) => JSON.stringify([spec, digest]);
  return {
    get: async (spec, digests) => digests.map((digest) => vectors.get(key(spec, digest))),
    async put(spec, entries) {
      for (const { textDigest, vector } of entries) vectors.set(key(spec, textDigest), vector);
    },
    async close() {},
  };
}

/** One chunk a line, one token a word. */
export const lineSplitter: TextSplitter = {
  version: 'lines-1',
  split: async (texts) =>
    texts.map((text) =>
      text
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => ({ text: line, tokens: line.trim().split(/\s+/).length })),
    ),
};
