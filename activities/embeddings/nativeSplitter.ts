import {
  loadSplitter,
  type NativeSplitter,
  type SplitTexts,
  splitterVersion,
} from '../../native/addon/index.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { Chunk, SplitterOptions, TextSplitter } from './textSplitter.ts';

/** A large vocabulary takes a hundred megabytes: only those of the jobs under way are kept. */
const mostKept = 4;

/** In order of their last use. */
const kept = new Map<string, Promise<NativeSplitter>>();

/**
 * Splits with the model's own tokenizer, off the JavaScript thread; a tokenizer is loaded once and
 * shared by all splitters of a process.
 * @throws BerthError InvalidRequest (chunks too small for the overlap or the special tokens, or no
 *   readable tokenizer)
 */
export async function createTextSplitter(options: SplitterOptions): Promise<TextSplitter> {
  const splitter = await loaded(options);
  const { tokenizer, maxTokens, overlapTokens } = options;
  const measure = tokenizer === null ? 'characters' : 'tokens';
  return {
    version: `${splitterVersion()}/${measure}-${maxTokens}-${overlapTokens}`,
    async split(texts) {
      return chunksOf(texts, await splitter.split(texts).result);
    },
  };
}

function loaded({ tokenizer, maxTokens, overlapTokens }: SplitterOptions): Promise<NativeSplitter> {
  const key = JSON.stringify([tokenizer, maxTokens, overlapTokens]);
  const splitter = kept.get(key) ?? load({ tokenizer, maxTokens, overlapTokens });
  kept.delete(key);
  kept.set(key, splitter);
  splitter.catch(() => kept.delete(key));
  for (const oldest of kept.keys()) {
    if (kept.size <= mostKept) break;
    kept.delete(oldest);
  }
  return splitter;
}

async function load({ tokenizer, ...limits }: SplitterOptions): Promise<NativeSplitter> {
  try {
    return await loadSplitter({ ...limits, ...(tokenizer === null ? {} : { tokenizer }) });
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'INVALID') throw error;
    throw berthError('InvalidRequest', (error as Error).message);
  }
}

function chunksOf(texts: readonly string[], { counts, chunks }: SplitTexts): Chunk[][] {
  let next = 0;
  return texts.map((text, index) =>
    Array.from({ length: counts[index] ?? 0 }, () => {
      const [start, end, tokens = 0] = chunks.subarray(next, next + 3);
      next += 3;
      return { text: text.slice(start, end), tokens };
    }),
  );
}
