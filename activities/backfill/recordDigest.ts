import { createHash } from 'node:crypto';
import type { EmbeddingSpec } from '../../workflows/contracts/backfill/request.ts';
import { canonicalJson } from '../artifacts/signing/canonicalJson.ts';
import type { SourceRecord } from '../sources/recordSource.ts';

/** How texts were split: the same texts under the same splitting give the same chunks. */
export interface Splitting {
  version: string;
  maxTokens: number;
  overlapTokens: number;
}

/**
 * SHA-256 in hex of all that a record's points are made of, as canonical JSON (RFC 8785): equal
 * digests, equal points.
 */
export function recordDigest(
  { id, text, metadata }: SourceRecord,
  splitting: Splitting,
  embedding: EmbeddingSpec,
): string {
  const { version, maxTokens, overlapTokens } = splitting;
  const { contentDigest, pooling, normalize, dimensions } = embedding;
  const made = {
    id,
    text,
    metadata,
    splitter: { version, maxTokens, overlapTokens },
    embedding: { contentDigest, pooling, normalize, dimensions },
  };
  return sha256(canonicalJson(made));
}

/** Key of a text in the embedding cache: SHA-256 of its UTF-8, in hex. */
export const textDigest = (text: string): string => sha256(text);

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
