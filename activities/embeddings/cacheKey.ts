import { createHash } from 'node:crypto';
import type { EmbeddingSpec } from '../../workflows/contracts/backfill/request.ts';

/**
 * Names a vector by everything that made it: SHA-256, 32 bytes. The longest input belongs to it,
 * since it decides where a long text is cut.
 * @param textDigest SHA-256 of the text as UTF-8, hex
 */
export function cacheKey(spec: EmbeddingSpec, textDigest: string): Buffer {
  const { contentDigest, pooling, normalize, dimensions, maxTokens } = spec;
  const parts = [contentDigest, pooling, normalize, dimensions, maxTokens, textDigest];
  return createHash('sha256').update(JSON.stringify(parts)).digest();
}
