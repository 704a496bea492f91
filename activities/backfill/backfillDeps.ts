import type { EmbeddingCache } from '../embeddings/embeddingCache.ts';
import type { SplitterOptions, TextSplitter } from '../embeddings/textSplitter.ts';
import type { Logger } from '../platform/logging.ts';
import type { Paths } from '../platform/paths.ts';
import type { OpenSource, SourceDeps } from '../sources/recordSource.ts';
import type { Stores } from '../stores/stores.ts';
import type { EmbeddingRates } from './embeddingRates.ts';
import type { ResolveEmbeddingDeps } from './resolveEmbedding.ts';
import type { UseLedger } from './useLedger.ts';

/** What the steps of a job around its pages need; each takes the part that it uses. */
export interface BackfillDeps extends ResolveEmbeddingDeps {
  paths: Paths;
  logger: Logger;
  stores: Pick<Stores, 'use'>;
  openSource: OpenSource;
  sourceDeps: SourceDeps;
  /** The process' one cache. */
  cache(): Promise<EmbeddingCache>;
  splitter(options: SplitterOptions): Promise<TextSplitter>;
  useLedger: UseLedger;
  rates: EmbeddingRates;
}
