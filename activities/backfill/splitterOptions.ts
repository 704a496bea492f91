import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BackfillRequest, EmbeddingSpec } from '../../workflows/contracts/backfill/request.ts';
import type { SplitterOptions } from '../embeddings/textSplitter.ts';

/**
 * How the texts of a job are split: by the model's own tokenizer; an endpoint's is not known.
 * @param modelPath the warm copy; null with an endpoint
 */
export function splitterOptions(
  { splitter }: BackfillRequest,
  embedding: EmbeddingSpec,
  modelPath: string | null,
): SplitterOptions {
  const tokenizer = modelPath === null ? null : join(modelPath, 'tokenizer.json');
  const { maxTokens, overlapTokens } = splitter;
  return {
    tokenizer: tokenizer !== null && existsSync(tokenizer) ? tokenizer : null,
    maxTokens: Math.min(maxTokens ?? embedding.maxTokens, embedding.maxTokens),
    overlapTokens,
  };
}
