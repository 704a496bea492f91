import { join } from 'node:path';
import { pino } from 'pino';
import { createEmbedPage } from '../../../activities/backfill/embedPage.ts';
import { createJobFiles, type JobFiles } from '../../../activities/backfill/jobFiles.ts';
import { createWritePage } from '../../../activities/backfill/writePage.ts';
import type { Embedder } from '../../../activities/embeddings/embedder.ts';
import type { EmbeddingCache } from '../../../activities/embeddings/embeddingCache.ts';
import { createPaths } from '../../../activities/platform/paths.ts';
import type { OpenSource } from '../../../activities/sources/recordSource.ts';
import type { VectorStore } from '../../../activities/stores/vectorStore.ts';
import type {
  EmbedPageInput,
  EmbedPageResult,
  StoreTarget,
  WritePageInput,
  WritePageResult,
} from '../../../workflows/contracts/backfill/pages.ts';
import type { BackfillRequest } from '../../../workflows/contracts/backfill/request.ts';
import type { PartitionBounds } from '../../../workflows/contracts/backfill/source.ts';
import { createHashEmbedder, createMemoryCache, hashSpec, lineSplitter } from './textEmbedding.ts';

export interface RigOptions {
  folder: string;
  /** Other places than in `folder`. */
  home?: string;
  shm?: string;
  source: OpenSource;
  store: VectorStore;
  embedder?: Embedder;
  cache?: EmbeddingCache;
  /** Wraps what a job keeps on disk, to break it. */
  files?(real: JobFiles): JobFiles;
  request?: Partial<BackfillRequest>;
  inPlace?: boolean;
  jobId?: string;
}

/** Everything that fills one store, in this process, without a workflow. */
export function createPageRig(options: RigOptions) {
  const paths = createPaths(
    options.home ?? join(options.folder, 'home'),
    options.shm ?? join(options.folder, 'shm'),
  );
  const files = options.files?.(createJobFiles(paths)) ?? createJobFiles(paths);
  const cache = options.cache ?? createMemoryCache();
  const embedder = options.embedder ?? createHashEmbedder();
  const logger = pino({ level: 'silent' });
  const jobId = options.jobId ?? 'f'.repeat(32);
  const request = { ...baseRequest, ...options.request };
  const target: StoreTarget = {
    store: { kind: 'noop', url: null },
    physical: 'docs-v1',
    inPlace: options.inPlace ?? false,
    previous: null,
  };
  const embedPage = createEmbedPage({
    paths,
    openSource: options.source,
    sourceDeps: { allowed: [options.folder], env: {} },
    cache: async () => cache,
    splitter: async () => lineSplitter,
    embedder: async () => embedder,
    logger,
    files,
  });
  const writePage = createWritePage({
    paths,
    stores: { use: async () => options.store },
    limiter: () => ({ run: (work) => work() }),
    logger,
    files,
    retry: { retries: 3, firstMs: 1 },
  });
  const context = { jobId, request, embedding: hashSpec };
  const embed = (partition: PartitionBounds, page: number, cursor: string | null) =>
    embedPage({
      ...context,
      artifact: null,
      lease: null,
      modelPath: null,
      partition,
      page,
      cursor,
    } satisfies EmbedPageInput);
  const write = (partition: number, page: number) =>
    writePage({ ...context, target, partition, page } satisfies WritePageInput);

  return {
    paths,
    files,
    jobId,
    physical: target.physical,
    embed,
    write,
    /** Page after page; what throws is tried again, as Temporal does. */
    async fill(partition: PartitionBounds, attempts = 1) {
      const embedded: EmbedPageResult[] = [];
      const written: WritePageResult[] = [];
      for (let page = 0, cursor: string | null = null; ; page += 1) {
        const answer = await retried(attempts, () => embed(partition, page, cursor));
        embedded.push(answer);
        written.push(await retried(attempts, () => write(partition.index, page)));
        cursor = answer.next;
        if (cursor === null) return { embedded, written };
      }
    },
  };
}

async function retried<T>(attempts: number, work: () => Promise<T>): Promise<T> {
  for (let left = attempts; ; left -= 1) {
    try {
      return await work();
    } catch (error) {
      if (left <= 1) throw error;
    }
  }
}

export const baseRequest: BackfillRequest = {
  source: {
    kind: 'jsonl',
    location: '/corpus.jsonl',
    name: 'corpus',
    columns: { text: ['text'], metadata: null },
  },
  collection: 'docs',
  stores: [{ kind: 'noop', url: null }],
  embedder: { kind: 'endpoint', url: 'http://127.0.0.1:1/v1', model: 'hash' },
  pooling: null,
  normalize: null,
  dimensions: null,
  splitter: { maxTokens: null, overlapTokens: 0 },
  layout: { payloadIndexes: [], fullText: false, tenantField: null, quantization: 'none' },
  pageRecords: 4,
  partitionPages: 10,
  rebuild: false,
  deleteMissing: false,
  keepPrevious: 1,
  verification: { sample: 5, minRecall: 0.9, knownItems: null, minKnownItems: 0.9 },
  maxFailures: 100,
  control: { paused: false, recordsPerSecond: null, concurrency: 1 },
  between: null,
  deadline: null,
  pricePerMillionTokens: null,
  replayOf: null,
};
