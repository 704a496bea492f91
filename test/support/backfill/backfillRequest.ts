import type { BackfillRequest } from '../../../workflows/contracts/backfill/request.ts';
import { recordsAPage } from './scriptedBackfill.ts';

/** A request of two stores, which scripted activities serve. */
export function backfillRequest(changes: Partial<BackfillRequest> = {}): BackfillRequest {
  return {
    source: {
      kind: 'synthetic',
      location: 'synthetic:40',
      name: 'corpus',
      columns: { text: ['text'], metadata: null },
    },
    collection: 'docs',
    stores: [
      { kind: 'chroma', url: null },
      { kind: 'qdrant', url: 'http://127.0.0.1:6333' },
    ],
    embedder: { kind: 'model', ref: 'minilm:latest' },
    ...{ pooling: null, normalize: null, dimensions: null },
    splitter: { maxTokens: null, overlapTokens: 0 },
    layout: { payloadIndexes: [], fullText: false, quantization: 'none', tenantField: null },
    ...{ pageRecords: recordsAPage, partitionPages: 2, rebuild: false, deleteMissing: false },
    keepPrevious: 1,
    verification: { sample: 10, minRecall: 0.9, knownItems: null, minKnownItems: 0.9 },
    maxFailures: 100,
    control: { paused: false, recordsPerSecond: null, concurrency: 2 },
    ...{ between: null, deadline: null, pricePerMillionTokens: null, replayOf: null },
    ...changes,
  };
}
