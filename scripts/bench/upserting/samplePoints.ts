import { createHash } from 'node:crypto';
import { v5 as uuidv5 } from 'uuid';
import type { CollectionSpec, Point } from '../../../activities/stores/vectorStore.ts';

const namespace = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
const words = 'harbour berth crane tide cargo pilot quay vessel anchor ballast'.split(' ');

/** Unit vectors, texts of some 500 characters and four fields of metadata. */
export function samplePoints(count: number, dimensions: number): Point[] {
  let state = 42;
  // Park and Miller's generator.
  const next = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  return Array.from({ length: count }, (_, index) => {
    const values = Float32Array.from({ length: dimensions }, () => next() - 0.5);
    const length = Math.hypot(...values);
    return {
      id: uuidv5(`bench-${index}`, namespace),
      vector: values.map((value) => value / length),
      text: Array.from({ length: 80 }, () => words[Math.floor(next() * words.length)]).join(' '),
      metadata: {
        lang: ['en', 'de', 'fr'][index % 3],
        year: 2000 + (index % 25),
        score: next(),
        draft: index % 2 === 0,
      },
      sourceName: 'bench',
      recordId: `record-${index}`,
      chunk: 0,
      chunks: 1,
      recordDigest: createHash('sha256').update(String(index)).digest('hex'),
    };
  });
}

export function sampleSpec(collection: string, dimensions: number): CollectionSpec {
  return {
    collection,
    embedding: {
      contentDigest: '0'.repeat(64),
      pooling: 'mean',
      normalize: true,
      dimensions,
      maxTokens: 256,
    },
    artifact: null,
    embedder: { kind: 'model', ref: 'bench:latest' },
    splitter: { maxTokens: 256, overlapTokens: 0, version: 'bench' },
    layout: { payloadIndexes: [], fullText: false, quantization: 'none', tenantField: null },
    jobId: '0'.repeat(32),
    createdAt: '2026-01-01T00:00:00.000Z',
  };
}
