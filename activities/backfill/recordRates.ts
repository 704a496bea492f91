import type { EmbeddingRates } from './embeddingRates.ts';
import type { EmbedPage } from './embedPage.ts';

/** A page of which less was embedded tells of the cache's speed, not of the embedder's. */
const leastEmbedded = 0.9;

/** Learns from each page how fast its model embeds. */
export function recordingRates(rates: EmbeddingRates, embedPage: EmbedPage): EmbedPage {
  return async (input) => {
    const result = await embedPage(input);
    const { embedded, chunks, seconds } = result;
    if (embedded > 0 && embedded >= leastEmbedded * chunks) {
      // The page is done, whether its rate can be kept or not.
      const { contentDigest } = input.embedding;
      await rates.record(contentDigest, embedded / seconds).catch(() => undefined);
    }
    return result;
  };
}
