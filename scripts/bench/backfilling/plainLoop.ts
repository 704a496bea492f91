import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pLimit from 'p-limit';
import { pageLimits } from '../../../activities/backfill/pageLimits.ts';
import { pointId } from '../../../activities/backfill/pointIds.ts';
import { createBridgeEmbedder } from '../../../activities/embeddings/bridgeEmbedder.ts';
import type { Embedder } from '../../../activities/embeddings/embedder.ts';
import { createTextSplitter } from '../../../activities/embeddings/nativeSplitter.ts';
import type { TextSplitter } from '../../../activities/embeddings/textSplitter.ts';
import { createLogger } from '../../../activities/platform/logging.ts';
import { findPython } from '../../../activities/platform/python.ts';
import type { Point, VectorStore } from '../../../activities/stores/vectorStore.ts';
import { startBridge } from '../../../workers/bridge.ts';
import type { EmbeddingSpec } from '../../../workflows/contracts/backfill/request.ts';
import { sampleSpec } from '../upserting/samplePoints.ts';
import type { Corpus, CorpusRecord } from './corpus.ts';

export interface PlainSetting {
  corpus: Corpus;
  store: VectorStore;
  modelPath: string;
  spec: EmbeddingSpec;
  pageRecords: number;
  threads: number;
  /** Folder in shared memory. */
  scratch: string;
}

/**
 * What one would write without Berth: read, split, embed, upsert, page after page. Nothing is kept
 * that a second run could use, and nothing survives a crash.
 * @returns seconds, the bridge's start included as it is in a lease's first page
 */
export async function runPlainLoop(setting: PlainSetting): Promise<number> {
  const { corpus, store, modelPath, spec, pageRecords, threads, scratch } = setting;
  const physical = `plain-${corpus.name}`;
  await store.createCollection(physical, sampleSpec('plain', spec.dimensions));
  await store.beginLoad(physical);
  const splitter = await createTextSplitter({
    ...{ tokenizer: join(modelPath, 'tokenizer.json'), maxTokens: spec.maxTokens },
    overlapTokens: 0,
  });
  const upsert = await createUpsert(store, physical, spec.dimensions);
  const begun = performance.now();
  const logger = createLogger('bench', 'fatal');
  const bridge = await startBridge({ python: findPython(), logger, threads });
  try {
    const embedder = createBridgeEmbedder({ bridge, modelPath, spec, scratch });
    let page: CorpusRecord[] = [];
    const finish = async () => {
      await upsert(await embedPage(corpus.name, page, splitter, embedder));
      page = [];
    };
    for await (const line of createInterface({ input: createReadStream(corpus.path) })) {
      page.push(JSON.parse(line));
      if (page.length === pageRecords) await finish();
    }
    if (page.length > 0) await finish();
    return (performance.now() - begun) / 1000;
  } finally {
    await bridge.kill();
    await store.dropCollection(physical);
  }
}

/** Texts go to the bridge in the portions in which a page's do. */
async function embedPage(
  source: string,
  records: readonly CorpusRecord[],
  splitter: TextSplitter,
  embedder: Embedder,
): Promise<Point[]> {
  const split = await splitter.split(records.map(({ text }) => text));
  const chunks = split.flatMap((pieces, at) =>
    pieces.map(({ text }, chunk) => ({ record: records[at]!, text, chunk, chunks: pieces.length })),
  );
  const points: Point[] = [];
  for (let from = 0; from < chunks.length; from += pageLimits.embedTexts) {
    const some = chunks.slice(from, from + pageLimits.embedTexts);
    const embedded = await embedder.embed(some.map(({ text }) => text));
    for (const [at, { record, text, chunk, chunks: all }] of some.entries()) {
      const vector = embedded[at]?.vector;
      if (vector === undefined) throw new Error(`${record.id}: has no vector`);
      points.push({
        ...{ id: pointId(source, record.id, chunk), vector, text, chunk, chunks: all },
        ...{ metadata: { number: record.number }, sourceName: source, recordId: record.id },
        recordDigest: '0'.repeat(64),
      });
    }
  }
  return points;
}

/** At the store's best batch and as many at a time as a backfill sends. */
async function createUpsert(store: VectorStore, physical: string, dimensions: number) {
  const { bestBatch, parallel } = await store.limits(dimensions);
  const limit = pLimit(parallel);
  return async (points: readonly Point[]) => {
    const requests: Promise<void>[] = [];
    for (let at = 0; at < points.length; at += bestBatch) {
      requests.push(limit(() => store.upsert(physical, points.slice(at, at + bestBatch))));
    }
    await Promise.all(requests);
  };
}
