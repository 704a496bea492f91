import { describe, expect, it, test } from 'vitest';
import { checkLayout } from '../../../activities/backfill/checkLayout.ts';
import { chooseCollection } from '../../../activities/backfill/collectionChoice.ts';
import { oldVersions } from '../../../activities/backfill/dropOldCollections.ts';
import type {
  CollectionSpec,
  StoreCapabilities,
  StoredCollection,
} from '../../../activities/stores/vectorStore.ts';

const wanted: CollectionSpec = {
  collection: 'docs',
  embedding: {
    contentDigest: 'd1',
    pooling: 'mean',
    normalize: true,
    dimensions: 384,
    maxTokens: 256,
  },
  artifact: 'minilm@sha256:1',
  embedder: { kind: 'model', ref: 'minilm:latest' },
  splitter: { maxTokens: 256, overlapTokens: 32, version: 'v1' },
  layout: { payloadIndexes: [], fullText: false, quantization: 'none', tenantField: null },
  jobId: 'this',
  createdAt: '2026-01-01T00:00:00.000Z',
};
const version = (physical: string, change: Partial<CollectionSpec> = {}): StoredCollection => ({
  physical,
  spec: { ...wanted, jobId: 'former', createdAt: '2025-01-01T00:00:00.000Z', ...change },
});
const asked = { collection: 'docs', rebuild: false, replayOf: null };

describe('the collection of a job', () => {
  it('is the first one where there is none', () => {
    expect(chooseCollection({ current: undefined, versions: [] }, asked, wanted)).toEqual({
      physical: 'docs-v1',
      inPlace: false,
      previous: null,
    });
  });

  const live = version('docs-v2');
  const present = { current: live, versions: [version('docs-v1'), live, version('docs-v7')] };

  it('is the live one when nothing decisive has changed', () => {
    const same = { physical: 'docs-v2', inPlace: true, previous: 'docs-v2' };
    expect(chooseCollection(present, asked, wanted)).toEqual(same);
    const retagged: CollectionSpec = {
      ...wanted,
      artifact: 'other@sha256:2',
      embedding: { ...wanted.embedding, maxTokens: 512 },
      layout: { ...wanted.layout, payloadIndexes: [{ field: 'lang', type: 'keyword' }] },
    };
    expect(chooseCollection(present, asked, retagged)).toEqual(same);
  });

  it.each<[string, Partial<CollectionSpec>]>([
    ['model', { embedding: { ...wanted.embedding, contentDigest: 'd2' } }],
    ['pooling', { embedding: { ...wanted.embedding, pooling: 'cls' } }],
    ['normalisation', { embedding: { ...wanted.embedding, normalize: false } }],
    ['dimensions', { embedding: { ...wanted.embedding, dimensions: 256 } }],
    ['splitter version', { splitter: { ...wanted.splitter, version: 'v2' } }],
    ['length of chunks', { splitter: { ...wanted.splitter, maxTokens: 128 } }],
    ['overlap', { splitter: { ...wanted.splitter, overlapTokens: 0 } }],
    ['quantization', { layout: { ...wanted.layout, quantization: 'half' } }],
    ['full text', { layout: { ...wanted.layout, fullText: true } }],
    ['tenants', { layout: { ...wanted.layout, tenantField: 'team' } }],
  ])('is a new one with another %s', (_, change) => {
    expect(chooseCollection(present, asked, { ...wanted, ...change })).toEqual({
      physical: 'docs-v8',
      inPlace: false,
      previous: 'docs-v2',
    });
  });

  it('is a new one with --rebuild, and the same one for a repeated attempt', () => {
    const rebuild = { ...asked, rebuild: true };
    const made = { physical: 'docs-v8', inPlace: false, previous: 'docs-v2' };
    expect(chooseCollection(present, rebuild, wanted)).toEqual(made);
    const own = version('docs-v8', { jobId: 'this' });
    const again = { ...present, versions: [...present.versions, own] };
    expect(chooseCollection(again, rebuild, wanted)).toEqual(made);
  });

  it('is never a new one for a replay', () => {
    const replay = { ...asked, replayOf: 'former' };
    expect(chooseCollection(present, replay, wanted)).toMatchObject({ inPlace: true });
    const other = { ...wanted, splitter: { ...wanted.splitter, maxTokens: 99 } };
    expect(() => chooseCollection(present, replay, other)).toThrow('run the whole backfill again');
  });
});

test.each<[string[], string | null, number, string[]]>([
  [['docs-v1', 'docs-v2', 'docs-v3'], 'docs-v2', 1, ['docs-v1']],
  [['docs-v1', 'docs-v2', 'docs-v3'], 'docs-v2', 2, []],
  [['docs-v1', 'docs-v2', 'docs-v3'], 'docs-v2', 0, ['docs-v1', 'docs-v2']],
  // v2 was rolled back from, or left behind by a killed job.
  [['docs-v1', 'docs-v2', 'docs-v3'], 'docs-v1', 1, ['docs-v2']],
  [['docs-v2', 'docs-v3'], null, 1, ['docs-v2']],
  [['docs-v9', 'docs-v10', 'docs-v11'], 'docs-v10', 1, ['docs-v9']],
])('of %j after %s, keeping %d, go %j', (present, previous, keep, gone) => {
  const physical = present.at(-1)!;
  expect(oldVersions('docs', present, { physical, previous }, keep)).toEqual(gone);
});

describe('a layout that a store cannot make', () => {
  const nothing: StoreCapabilities = {
    hybrid: 'none',
    aliases: 'pointer',
    payloadIndexes: false,
    tenants: false,
    quantization: ['none'],
    bulkLoad: false,
    exactSearch: false,
    maxDimensions: 2000,
  };
  const plain = wanted.layout;
  const check = (layout: Partial<typeof plain>, dimensions = 384) =>
    checkLayout({ kind: 'lancedb', url: '/data' }, nothing, { ...plain, ...layout }, dimensions);

  it('is refused by name', () => {
    expect(() => check({})).not.toThrow();
    expect(() => check({ quantization: 'binary' })).toThrow(
      'lancedb=/data cannot keep vectors with binary',
    );
    expect(() => check({ fullText: true })).toThrow('cannot index full text');
    expect(() => check({ tenantField: 'team' })).toThrow('cannot keep tenants apart (by team)');
    expect(() => check({ payloadIndexes: [{ field: 'lang', type: 'keyword' }] })).toThrow('(lang)');
    expect(() => check({}, 2001)).toThrow('of 2001 dimensions (at most 2000)');
  });
});
