import { createHash } from 'node:crypto';
import { v5 as uuidv5 } from 'uuid';
import type { CollectionSpec, Point } from '../../../activities/stores/vectorStore.ts';

const namespace = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';

/** Id of the sample point of a number. */
export const sampleId = (index: number): string => uuidv5(`sample-${index}`, namespace);

/** A unit vector of the seed; the same in every process. */
export function unitVector(seed: number | string, dimensions: number): Float32Array {
  const values = new Float64Array(dimensions);
  let bytes = Buffer.alloc(0);
  for (let at = 0; at < dimensions; at += 1) {
    if (at % 8 === 0) bytes = createHash('sha256').update(`${seed}/${at}`).digest();
    values[at] = bytes.readInt32LE((at % 8) * 4) / 2 ** 31;
  }
  return normalized(values);
}

export function normalized(values: ArrayLike<number>): Float32Array {
  const length = Math.hypot(...Array.from(values));
  return Float32Array.from(values, (value) => value / length);
}

export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let dot = 0;
  for (let at = 0; at < a.length; at += 1) dot += (a[at] ?? 0) * (b[at] ?? 0);
  return dot / (Math.hypot(...Array.from(a)) * Math.hypot(...Array.from(b)));
}

/** The sample point of a number: language, year and flag follow from it. */
export function samplePoint(index: number, dimensions: number, change: Partial<Point> = {}): Point {
  return {
    id: sampleId(index),
    vector: unitVector(index, dimensions),
    text: `sample text number ${index}`,
    metadata: {
      lang: ['en', 'de', 'fr'][index % 3],
      year: 2000 + (index % 25),
      rating: index / 8,
      offset: (index % 40) / 4 - 5,
      flag: index % 2 === 0,
      tenant: `tenant-${index % 4}`,
    },
    sourceName: 'samples',
    recordId: `record-${index}`,
    chunk: 0,
    chunks: 1,
    recordDigest: createHash('sha256').update(String(index)).digest('hex'),
    ...change,
  };
}

export const samplePoints = (count: number, dimensions: number, from = 0): Point[] =>
  Array.from({ length: count }, (_, index) => samplePoint(from + index, dimensions));

export function sampleSpec(
  collection: string,
  dimensions: number,
  layout: Partial<CollectionSpec['layout']> = {},
): CollectionSpec {
  return {
    collection,
    embedding: {
      contentDigest: 'ab'.repeat(32),
      pooling: 'mean',
      normalize: true,
      dimensions,
      maxTokens: 256,
    },
    artifact: `minilm@sha256:${'cd'.repeat(32)}`,
    embedder: { kind: 'model', ref: 'minilm:latest' },
    splitter: { maxTokens: 256, overlapTokens: 32, version: 'text-splitter 0.29' },
    layout: {
      payloadIndexes: [],
      fullText: false,
      quantization: 'none',
      tenantField: null,
      ...layout,
    },
    jobId: '0123456789abcdef0123456789abcdef',
    createdAt: '2026-01-02T03:04:05.678Z',
  };
}
