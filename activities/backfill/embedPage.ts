import type { EmbedPageInput, EmbedPageResult } from '../../workflows/contracts/backfill/pages.ts';
import type { Embedder } from '../embeddings/embedder.ts';
import type { EmbeddingCache } from '../embeddings/embeddingCache.ts';
import type { SplitterOptions, TextSplitter } from '../embeddings/textSplitter.ts';
import type { Logger } from '../platform/logging.ts';
import type { Paths } from '../platform/paths.ts';
import type { OpenSource, SourceDeps } from '../sources/recordSource.ts';
import { claimRecords } from './claimRecords.ts';
import { countFailures } from './countFailures.ts';
import { embedTexts } from './embedTexts.ts';
import { createJobFiles, type JobFiles } from './jobFiles.ts';
import { joinVectors } from './joinVectors.ts';
import { type Pulse, withPulse } from './pulse.ts';
import { type PageItems, readItems } from './readItems.ts';
import { inReplay, readReplay } from './replay.ts';
import { splitItems } from './splitItems.ts';
import { splitterOptions } from './splitterOptions.ts';

export interface EmbedPageDeps {
  paths: Paths;
  openSource: OpenSource;
  sourceDeps: SourceDeps;
  /** The process' one cache. */
  cache(): Promise<EmbeddingCache>;
  /** One splitter for the same options. */
  splitter(options: SplitterOptions): Promise<TextSplitter>;
  /** Only asked for a page whose texts are not all cached: it may have to start a bridge. */
  embedder(input: EmbedPageInput): Promise<Embedder>;
  logger: Logger;
  files?: JobFiles;
}

export type EmbedPage = (input: EmbedPageInput) => Promise<EmbedPageResult>;

/** Pages that a writer may still be at when this one begins; older ones give their memory back. */
const pagesKept = 2;

/**
 * Makes one page: reads, splits and embeds records, enters them in the ledger and leaves them in a
 * file for the writers. May be repeated after a kill at any point: vectors are cached as they come,
 * the ledger knows its own page again, and the file appears whole and last.
 * @throws BerthError what sources and embedders throw, OutOfSpace
 */
export function createEmbedPage(deps: EmbedPageDeps): EmbedPage {
  const files = deps.files ?? createJobFiles(deps.paths);
  return (input) => withPulse((pulse) => embedPage(deps, files, input, pulse));
}

async function embedPage(
  deps: EmbedPageDeps,
  files: JobFiles,
  input: EmbedPageInput,
  pulse: Pulse,
): Promise<EmbedPageResult> {
  const started = performance.now();
  const { jobId, embedding, partition, page } = input;
  const key = { partition: partition.index, page };
  const options = splitterOptions(input.request, embedding, input.modelPath);
  const splitter = await deps.splitter(options);
  const items = await readPageItems(deps, input, pulse.signal);
  const split = await splitItems(items, splitter, embedding.dimensions, pulse.signal);
  const texts = split.records.flatMap(({ chunks }) => chunks.map(({ text }) => text));
  const embedded = await embedTexts(
    texts,
    embedding,
    await deps.cache(),
    () => deps.embedder(input),
    pulse,
  );
  pulse.signal.throwIfAborted();
  const splitting = { ...options, version: splitter.version };
  const joined = joinVectors(split.records, embedded.answers, splitting, embedding);
  const before = [...split.failures, ...joined.failures];
  const claimed = await claimRecords(files.useLedger, input, joined.records, before);
  const failures = [...before, ...claimed.duplicates];
  await files.writeDeadLetters(jobId, key, null, failures);
  const { dimensions } = embedding;
  const records = claimed.records;
  await files.writePage(jobId, key, { dimensions, round: partition.round ?? 0, records });
  await files.removePage(jobId, { ...key, page: page - pagesKept - 1 });
  const own = await files.useLedger(jobId, (ledger) => ledger.ownFailures(key, null, failures));
  const first = records.filter(({ again }) => !again);
  const fresh = new Set(embedded.fresh);
  const chunks = first.flatMap((record) => record.chunks);
  // A text that occurs twice in the page is embedded for the first of the two.
  const counted = chunks.filter(({ text }) => fresh.delete(text)).length;
  const result = {
    next: split.next,
    records: first.length,
    again: records.length - first.length,
    chunks: chunks.length,
    tokens: chunks.reduce((sum, { tokens }) => sum + tokens, 0),
    embedded: counted,
    reused: chunks.length - counted,
    failed: countFailures(own),
    seconds: (performance.now() - started) / 1000,
  };
  deps.logger.info({ jobId, ...key, ...result }, 'page embedded');
  return result;
}

/** @throws BerthError what the source throws */
async function readPageItems(
  { paths, openSource, sourceDeps }: EmbedPageDeps,
  { jobId, request, partition, cursor }: EmbedPageInput,
  signal: AbortSignal,
): Promise<PageItems> {
  const replay = request.replayOf === null ? null : await readReplay(paths, request.replayOf);
  const source = await openSource(request.source, sourceDeps);
  try {
    const { scratch } = paths.backfill(jobId);
    const items = source.read(partition, cursor, { scratch, signal });
    const wanted = (item: Parameters<typeof inReplay>[1]) => !replay || inReplay(replay, item);
    const { tenantField } = request.layout;
    return await readItems(items, request.pageRecords, wanted, tenantField, signal);
  } finally {
    await source.close();
  }
}
