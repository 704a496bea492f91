import { expect, test } from 'vitest';
import type { VectorStore } from '../../../activities/stores/vectorStore.ts';
import {
  sampleId,
  samplePoint,
  samplePoints,
  sampleSpec,
  unitVector,
} from '../../support/stores/samplePoints.ts';

/** Where Qdrant and Weaviate change what they are given, and their drivers have to make up for it. */
export function ownLayoutTests(open: () => Promise<VectorStore>): void {
  const inCollection = async (name: string, use: (store: VectorStore) => Promise<void>) => {
    const store = await open();
    try {
      await store.createCollection(`${name}-v1`, sampleSpec(name, 8, { fullText: true }));
      await use(store);
    } finally {
      await store.dropCollection(`${name}-v1`);
      await store.close();
    }
  };

  test('vectors of any length are read back as long as they were', () =>
    inCollection('t-lengths', async (store) => {
      const scaled = (by: number) => unitVector(1, 8).map((value) => value * by);
      const lengths = [0, 0.01, 1, 5, 1e6];
      await store.upsert(
        't-lengths-v1',
        lengths.map((by, at) => samplePoint(at, 8, { vector: scaled(by) })),
      );
      const ids = lengths.map((_, at) => sampleId(at));
      const read = await store.readPoints('t-lengths-v1', ids, { vectors: true });
      for (const [at, by] of lengths.entries()) {
        const { vector } = read.find(({ id }) => id === sampleId(at)) ?? { vector: null };
        const off = scaled(by).map((value, place) =>
          Math.abs(value - (vector?.[place] ?? Number.NaN)),
        );
        expect(Math.max(...off)).toBeLessThanOrEqual(1e-6 * Math.max(1, by));
      }
    }));

  test('filters tell texts and names apart that differ in case or in white space only', () =>
    inCollection('t-alike', async (store) => {
      const metadata = [
        { value: 'a', Name: 'x' },
        { value: ' a ', name: 'x' },
        { value: 'A', NAME: 'x' },
        { value: '', ['long'.repeat(100)]: 'x' },
        { value: 'a\n', ['long'.repeat(101)]: 'x' },
      ];
      await store.upsert(
        't-alike-v1',
        metadata.map((one, at) => samplePoint(at, 8, { metadata: one })),
      );
      for (const [at, one] of metadata.entries()) {
        for (const [field, value] of Object.entries(one)) {
          const query = { vector: unitVector(1, 8), limit: 9, filter: { [field]: value } };
          const hits = await store.search('t-alike-v1', query);
          expect(hits.map(({ point }) => point.id)).toEqual([sampleId(at)]);
        }
      }
    }));

  test('a metadata text longer than any index key is kept and found', () =>
    inCollection('t-long', async (store) => {
      const big = 'x'.repeat(200_000);
      await store.upsert('t-long-v1', [
        samplePoint(1, 8, { metadata: { big } }),
        samplePoint(2, 8),
      ]);
      const query = { vector: unitVector(1, 8), limit: 9, filter: { big } };
      const hits = await store.search('t-long-v1', query);
      expect(hits.map(({ point }) => point.metadata)).toEqual([{ big }]);
    }));

  test('a batch with one bad id is refused for good, so that it can be halved', () =>
    inCollection('t-poison', async (store) => {
      const points = [...samplePoints(3, 8), samplePoint(4, 8, { id: 'no-uuid' })];
      await expect(store.upsert('t-poison-v1', points)).rejects.toMatchObject({
        type: 'StoreRejected',
        message: expect.stringContaining('t-poison-v1'),
      });
      await store.upsert('t-poison-v1', points.slice(0, 3));
      expect(await store.count('t-poison-v1')).toBe(3);
    }));

  test('the alias of a dropped collection is gone, and stays so when its name is used again', () =>
    inCollection('t-dropped', async (store) => {
      await store.switchAlias('t-dropped', 't-dropped-v1');
      await store.dropCollection('t-dropped-v1');
      expect(await store.resolveAlias('t-dropped')).toBeUndefined();
      await store.createCollection('t-dropped-v1', sampleSpec('t-dropped', 8));
      expect(await store.resolveAlias('t-dropped')).toBeUndefined();
    }));
}
