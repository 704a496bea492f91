import { expect, test } from 'vitest';
import type { Point } from '../../../activities/stores/vectorStore.ts';
import type { SearchFilter } from '../../../workflows/contracts/backfill/activities.ts';
import type { PayloadIndex } from '../../../workflows/contracts/backfill/request.ts';
import {
  cosine,
  samplePoint,
  samplePoints,
  unitVector,
} from '../../support/stores/samplePoints.ts';
import type { Rig } from './rig.ts';

type Meta = { lang: string; year: number; rating: number; offset: number; flag: boolean };
/** A filter, and what it means. */
const filters: [SearchFilter, (meta: Meta) => boolean][] = [
  [{ lang: 'de' }, ({ lang }) => lang === 'de'],
  [{ year: 2007 }, ({ year }) => year === 2007],
  [{ flag: true }, ({ flag }) => flag],
  [{ flag: false, lang: 'en' }, ({ flag, lang }) => !flag && lang === 'en'],
  [{ lang: { in: ['de', 'fr'] } }, ({ lang }) => lang !== 'en'],
  [{ year: { in: [2001, 2002] } }, ({ year }) => year === 2001 || year === 2002],
  [{ lang: { not: 'en' } }, ({ lang }) => lang !== 'en'],
  [{ year: { not: 2003 } }, ({ year }) => year !== 2003],
  [{ flag: { not: true } }, ({ flag }) => !flag],
  [{ year: { gte: 2020 } }, ({ year }) => year >= 2020],
  [{ year: { lte: 2001 } }, ({ year }) => year <= 2001],
  [{ rating: { gte: 2.5, lte: 3.25 } }, ({ rating }) => rating >= 2.5 && rating <= 3.25],
  [{ rating: { gte: 2.5 } }, ({ rating }) => rating >= 2.5],
  [{ rating: { lte: 2.5 } }, ({ rating }) => rating <= 2.5],
  [{ offset: { gte: -2.5, lte: -0.25 } }, ({ offset }) => offset >= -2.5 && offset <= -0.25],
  [{ offset: { lte: -2.5 } }, ({ offset }) => offset <= -2.5],
  [{ offset: 0 }, ({ offset }) => offset === 0],
  [{ rating: { in: [1, 1.5] } }, ({ rating }) => rating === 1 || rating === 1.5],
  [{ year: { gte: 2010 }, lang: { in: ['fr'] } }, (m) => m.year >= 2010 && m.lang === 'fr'],
  [{ year: { gte: 2004, not: 2005 } }, ({ year }) => year >= 2004 && year !== 2005],
  [{ lang: 'xx' }, () => false],
  [{ absent: 'x' }, () => false],
  [{ absent: { not: 'x' } }, () => true],
];

const indexes: PayloadIndex[] = [
  { field: 'lang', type: 'keyword' },
  { field: 'year', type: 'integer' },
  { field: 'rating', type: 'float' },
  { field: 'flag', type: 'boolean' },
];

function nearest(points: readonly Point[], vector: Float32Array, limit: number): string[] {
  return points
    .map((point) => ({ id: point.id, score: cosine(point.vector, vector) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, limit)
    .map(({ id }) => id);
}

/** Search, filters, tenants, payload indexes and load mode. */
export function searchTests(rig: Rig): void {
  test('a search gives the nearest first, with their cosine', async () => {
    const physical = await rig.collection(16);
    const points = samplePoints(200, 16);
    await rig.fill(physical, points);
    const vector = unitVector('query', 16);
    const hits = await rig.store().search(physical, { vector, limit: 10 });
    expect(hits.map(({ point }) => point.id)).toEqual(nearest(points, vector, 10));
    for (const { point, score } of hits) {
      const { vector: own, ...rest } = points.find(({ id }) => id === point.id) as Point;
      expect(score).toBeCloseTo(cosine(own, vector), 4);
      expect({ ...point, vector: null }).toEqual({ ...rest, vector: null });
    }
    const all = await rig.store().search(physical, { vector, limit: 500 });
    expect(all).toHaveLength(200);
  });

  test('an exact search is exact, or refused', async () => {
    const physical = await rig.collection(16);
    const points = samplePoints(100, 16);
    await rig.fill(physical, points);
    const query = { vector: unitVector('exact', 16), limit: 10, exact: true };
    if (!rig.store().capabilities.exactSearch) {
      await expect(rig.store().search(physical, query)).rejects.toMatchObject({
        type: 'StoreUnsupported',
      });
      return;
    }
    const hits = await rig.store().search(physical, query);
    expect(hits.map(({ point }) => point.id)).toEqual(nearest(points, query.vector, 10));
  });

  test.each([{ indexed: false }, { indexed: true }])(
    'filters mean the same (payload indexes: $indexed)',
    async ({ indexed }) => {
      const { payloadIndexes } = rig.store().capabilities;
      if (indexed && !payloadIndexes) {
        const creating = rig.collection(8, { payloadIndexes: indexes });
        await expect(creating).rejects.toMatchObject({ type: 'StoreUnsupported' });
        const plain = await rig.collection(8);
        const adding = rig.store().addPayloadIndex(plain, { field: 'year', type: 'integer' });
        await expect(adding).rejects.toMatchObject({ type: 'StoreUnsupported' });
        return;
      }
      const physical = await rig.collection(8, {
        payloadIndexes: indexed ? indexes.slice(0, 2) : [],
      });
      const points = samplePoints(120, 8);
      await rig.fill(physical, points);
      // On a filled collection, and again.
      for (const index of indexed ? [...indexes.slice(1), ...indexes.slice(2)] : []) {
        await rig.store().addPayloadIndex(physical, index);
      }
      const vector = unitVector('filtered', 8);
      for (const [filter, holds] of filters) {
        const right = points.filter(({ metadata }) => holds(metadata as Meta));
        const hits = await rig.store().search(physical, { vector, limit: 7, filter });
        expect(
          hits.map(({ point }) => point.id),
          JSON.stringify(filter),
        ).toEqual(nearest(right, vector, 7));
      }
    },
  );

  test('texts between bounds are found, or the comparison is refused', async () => {
    const physical = await rig.collection(8);
    const dates = ['2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'];
    await rig.fill(
      physical,
      dates.map((date, at) => samplePoint(at, 8, { metadata: { date } })),
    );
    const filter = { date: { gte: '2026-01-15T00:00:00Z', lte: '2026-02-15T00:00:00Z' } };
    const found = await rig
      .store()
      .search(physical, { vector: unitVector(1, 8), limit: 5, filter })
      .catch((error) => error);
    if (found instanceof Error) expect(found).toMatchObject({ type: 'StoreUnsupported' });
    else expect(found).toMatchObject([{ point: { metadata: { date: dates[1] } } }]);
  });

  test('values in filters are values, whatever they hold', async () => {
    const physical = await rig.collection(8);
    const values = ["it's", 'a" OR "1"="1', '100%_', 'back\\slash', "') OR ('1'='1", 'ünï 🚢'];
    await rig.fill(
      physical,
      values.map((value, at) => samplePoint(at, 8, { metadata: { value, 'odd name.x': value } })),
    );
    for (const value of values) {
      const wanted: SearchFilter[] = [
        { value },
        { 'odd name.x': value },
        { value: { in: [value] } },
      ];
      for (const filter of wanted) {
        const hits = await rig
          .store()
          .search(physical, { vector: unitVector(1, 8), limit: 9, filter });
        expect(hits.map(({ point }) => point.metadata.value)).toEqual([value]);
      }
    }
  });

  test('a malformed filter is named', async () => {
    const physical = await rig.collection(8);
    const bad = [{ lang: {} }, { lang: { in: [] } }, { lang: { like: 'x' } }, { berth_text: 'x' }];
    for (const filter of bad as unknown as SearchFilter[]) {
      await expect(
        rig.store().search(physical, { vector: unitVector(1, 8), limit: 1, filter }),
      ).rejects.toMatchObject({
        type: 'InvalidRequest',
        message: expect.stringMatching(/filter on/),
      });
    }
  });

  test('a tenant sees its own points only', async () => {
    if (!rig.store().capabilities.tenants) {
      const creating = rig.collection(8, { tenantField: 'tenant' });
      await expect(creating).rejects.toMatchObject({ type: 'StoreUnsupported' });
      return;
    }
    const physical = await rig.collection(8, { tenantField: 'tenant' });
    const points = samplePoints(80, 8);
    await rig.fill(physical, points);
    expect(await rig.store().count(physical)).toBe(80);
    const vector = unitVector('tenant', 8);
    for (const tenant of ['tenant-0', 'tenant-3', 'tenant-9']) {
      const right = points.filter(({ metadata }) => metadata.tenant === tenant);
      const hits = await rig.store().search(physical, { vector, limit: 50, tenant });
      expect(hits.map(({ point }) => point.id)).toEqual(nearest(right, vector, 50));
      const query = { vector, limit: 50, tenant, filter: { flag: true } };
      const even = right.filter(({ metadata }) => metadata.flag);
      const filtered = await rig.store().search(physical, query);
      expect(filtered.map(({ point }) => point.id)).toEqual(nearest(even, vector, 50));
    }
    const ids = points.slice(0, 9).map(({ id }) => id);
    expect(await rig.store().readPoints(physical, ids, { vectors: false })).toHaveLength(9);
    await rig.store().deletePoints(physical, ids);
    expect(await rig.store().count(physical)).toBe(71);
  });

  test('a collection without tenants refuses to search one', async () => {
    const physical = await rig.collection(8);
    await expect(
      rig.store().search(physical, { vector: unitVector(1, 8), limit: 1, tenant: 'x' }),
    ).rejects.toMatchObject({ type: expect.stringMatching(/^(InvalidRequest|StoreUnsupported)$/) });
  });

  test('after a bulk load everything is counted, searchable and filterable', async () => {
    const { payloadIndexes } = rig.store().capabilities;
    const physical = await rig.collection(32, {
      payloadIndexes: payloadIndexes ? indexes.slice(0, 1) : [],
    });
    const points = samplePoints(400, 32);
    await rig.store().beginLoad(physical);
    await rig.store().beginLoad(physical);
    await rig.fill(physical, points);
    await rig.store().finishLoad(physical);
    await rig.store().finishLoad(physical);
    expect(await rig.store().count(physical)).toBe(400);
    const vector = unitVector('loaded', 32);
    const hits = await rig.store().search(physical, { vector, limit: 10 });
    const right = nearest(points, vector, 10);
    expect(hits.filter(({ point }) => right.includes(point.id)).length).toBeGreaterThanOrEqual(9);
    const query = { vector, limit: 10, filter: { lang: 'de' } };
    const german = await rig.store().search(physical, query);
    expect(german.map(({ point }) => point.metadata.lang)).toEqual(Array(10).fill('de'));
  });
}
