import type {
  BackfillPlan,
  PlanBackfillInput,
} from '../../workflows/contracts/backfill/activities.ts';
import type { PartitionBounds } from '../../workflows/contracts/backfill/source.ts';
import type { Chunk } from '../embeddings/textSplitter.ts';
import type { RecordSource, SourceItem } from '../sources/recordSource.ts';
import type { BackfillDeps } from './backfillDeps.ts';
import type { Pulse } from './pulse.ts';
import { type PageItems, readItems } from './readItems.ts';
import { textDigest } from './recordDigest.ts';
import { inReplay, readReplay } from './replay.ts';
import { modelPathOf } from './resolveEmbedding.ts';
import { splitItems } from './splitItems.ts';
import { splitterOptions } from './splitterOptions.ts';

/** Counts over the records that were looked at. */
export interface SourceSample {
  records: number;
  failed: number;
  chunks: number;
  tokens: number;
  /** Chunks that the cache does not have, each text once. */
  toEmbed: number;
  tokensToEmbed: number;
  /** All of the source was looked at. */
  complete: boolean;
}

const mostRecords = 5_000;
const mostPartitions = 20;
const recordsPerRead = 500;

/** Reads, splits and looks up records from the beginnings of partitions all over the source. */
export async function sampleSource(
  deps: BackfillDeps,
  { jobId, request, plan }: PlanBackfillInput & { plan: BackfillPlan },
  { signal, report }: Pulse,
): Promise<SourceSample> {
  const { embedding, artifact } = plan;
  const options = splitterOptions(request, embedding, await modelPathOf(deps, artifact));
  const splitter = await deps.splitter(options);
  const cache = await deps.cache();
  const replay = request.replayOf === null ? null : await readReplay(deps.paths, request.replayOf);
  const wanted = (item: SourceItem) => replay === null || inReplay(replay, item);
  // A replay's records may lie anywhere.
  const complete = replay !== null || plan.records <= mostRecords;
  const partitions = complete ? plan.partitions : evenly(plan.partitions, mostPartitions);
  const limit = complete ? Number.POSITIVE_INFINITY : Math.ceil(mostRecords / partitions.length);
  const sample = { records: 0, failed: 0, chunks: 0, tokens: 0, toEmbed: 0, tokensToEmbed: 0 };
  const seen = new Set<string>();

  const add = async (items: PageItems): Promise<void> => {
    const split = await splitItems(items, splitter, embedding.dimensions, signal);
    sample.records += split.records.length;
    sample.failed += split.failures.length;
    const chunks = split.records.flatMap((record) => record.chunks);
    const fresh = new Map<string, Chunk>();
    for (const chunk of chunks) {
      sample.chunks += 1;
      sample.tokens += chunk.tokens;
      const digest = textDigest(chunk.text);
      if (!seen.has(digest)) fresh.set(digest, chunk);
      seen.add(digest);
    }
    const known = await cache.get(embedding, [...fresh.keys()]);
    for (const [index, { tokens }] of [...fresh.values()].entries()) {
      if (known[index] !== undefined) continue;
      sample.toEmbed += 1;
      sample.tokensToEmbed += tokens;
    }
  };

  const scratch = deps.paths.backfill(jobId).scratch;
  const source = await deps.openSource(request.source, deps.sourceDeps);
  try {
    for (const [index, partition] of partitions.entries()) {
      report({ done: index, total: partitions.length });
      const read = (cursor: string | null) => source.read(partition, cursor, { scratch, signal });
      for await (const items of pages(read, limit, wanted, request.layout.tenantField, signal)) {
        await add(items);
      }
    }
  } finally {
    await source.close();
  }
  return { ...sample, complete };
}

async function* pages(
  read: (cursor: string | null) => ReturnType<RecordSource['read']>,
  limit: number,
  wanted: (item: SourceItem) => boolean,
  tenantField: string | null,
  signal: AbortSignal,
): AsyncGenerator<PageItems> {
  let cursor: string | null = null;
  for (let left = limit; left > 0; ) {
    const items: PageItems = await readItems(
      read(cursor),
      Math.min(left, recordsPerRead),
      wanted,
      tenantField,
      signal,
    );
    yield items;
    if (items.next === null) return;
    left -= items.items.length;
    cursor = items.next;
  }
}

/** At most so many, from all over the list. */
export function evenly(
  partitions: readonly PartitionBounds[],
  most: number,
): readonly PartitionBounds[] {
  if (partitions.length <= most) return partitions;
  const step = partitions.length / most;
  return Array.from({ length: most }, (_, index) => partitions[Math.floor(index * step)]).filter(
    (partition) => partition !== undefined,
  );
}
