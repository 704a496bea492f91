import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseStoreRef, parseStoreRefs } from '../../../../workers/client/backfill/storeRef.ts';

describe('a store by kind and place', () => {
  test.each([
    ['chroma', { kind: 'chroma', url: null }],
    ['chroma=http://127.0.0.1:8000/', { kind: 'chroma', url: 'http://127.0.0.1:8000' }],
    [
      'qdrant=https://vectors.example:6333',
      { kind: 'qdrant', url: 'https://vectors.example:6333' },
    ],
    ['pgvector=postgres://u@db/docs', { kind: 'pgvector', url: 'postgres://u@db/docs' }],
    ['lancedb', { kind: 'lancedb', url: null }],
    ['lancedb=./vectors', { kind: 'lancedb', url: resolve('vectors') }],
  ])('%s', (text, ref) => expect(parseStoreRef(text)).toEqual(ref));

  test.each([
    ['milvus', /"milvus": expected one of chroma, qdrant/],
    ['', /"": expected one of/],
    ['qdrant', /qdrant: expected its address, such as qdrant=http/],
    ['qdrant=127.0.0.1:6333', /qdrant: expected/],
    ['weaviate=postgres://u@db/docs', /weaviate: expected weaviate=http/],
    ['pgvector=http://db', /pgvector: expected pgvector=postgres/],
    ['lancedb=', /lancedb=: expected lancedb/],
  ])('%s is refused in one line', (text, message) => {
    expect(() => parseStoreRef(text)).toThrow(
      expect.objectContaining({ type: 'InvalidRequest', message: expect.stringMatching(message) }),
    );
  });

  test.each([
    'pgvector=postgres://u:hunter2@db/docs',
    'pgvector=postgres://u@db/docs?password=hunter2',
    'qdrant=https://vectors.example:6333?api_key=hunter2',
    'weaviate=https://hunter2@vectors.example',
  ])('a credential is refused and not repeated: %s', (text) => {
    const refused = () => parseStoreRef(text);
    expect(refused).toThrow(/without a password/);
    expect(refused).not.toThrow(/hunter2/);
  });

  test('stores are named once, and at least one', () => {
    expect(() => parseStoreRefs([])).toThrow(/store is missing/);
    expect(() => parseStoreRefs(['chroma', 'lancedb', 'chroma'])).toThrow(/chroma: given twice/);
    expect(parseStoreRefs(['chroma', 'lancedb'])).toHaveLength(2);
  });
});
