import type { EmbeddingSpec } from '../../workflows/contracts/backfill/request.ts';
import type { Embedded } from '../embeddings/embedder.ts';
import type { RecordFailure } from '../sources/recordSource.ts';
import { recordFailure } from '../sources/records/recordFailure.ts';
import { recordDigest, type Splitting } from './recordDigest.ts';
import type { SplitRecord } from './splitItems.ts';

/** A record with the vectors of all of its chunks. */
export interface VectorRecord {
  id: string;
  place: string;
  digest: string;
  metadata: Record<string, unknown>;
  text: string;
  chunks: { text: string; tokens: number; vector: Float32Array }[];
}

/** A record of which one chunk has no vector fails as a whole: half a document would be found as one. */
export function joinVectors(
  records: readonly SplitRecord[],
  answers: ReadonlyMap<string, Embedded>,
  splitting: Splitting,
  embedding: EmbeddingSpec,
): { records: VectorRecord[]; failures: RecordFailure[] } {
  const joined: VectorRecord[] = [];
  const failures: RecordFailure[] = [];
  for (const { record, place, chunks } of records) {
    const failure = firstFailure(chunks, answers);
    if (failure !== undefined) {
      const { kind, reason, chunk } = failure;
      const line = `chunk ${chunk} of ${chunks.length}: ${reason}`;
      failures.push(recordFailure(kind, place, line, record.text, record.id));
      continue;
    }
    const { id, text, metadata } = record;
    const digest = recordDigest(record, splitting, embedding);
    const withVectors = chunks.map((chunk) => ({
      ...chunk,
      vector: answers.get(chunk.text)?.vector as Float32Array,
    }));
    joined.push({ id, place, digest, metadata, text, chunks: withVectors });
  }
  return { records: joined, failures };
}

function firstFailure(chunks: SplitRecord['chunks'], answers: ReadonlyMap<string, Embedded>) {
  for (const [chunk, { text }] of chunks.entries()) {
    const failure = answers.get(text)?.failure;
    if (failure !== undefined) return { ...failure, chunk };
  }
  return undefined;
}
