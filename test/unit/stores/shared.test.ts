import { expect, test } from 'vitest';
import { filterClauses } from '../../../activities/stores/shared/filters.ts';
import { fuseRanks } from '../../../activities/stores/shared/fusion.ts';
import {
  fromPayload,
  joinMetadata,
  splitMetadata,
  toPayload,
} from '../../../activities/stores/shared/payload.ts';
import { retryAfter, storeFailure } from '../../../activities/stores/shared/storeFailure.ts';
import { checkStoreUrl } from '../../../activities/stores/shared/storeUrl.ts';
import { samplePoints } from '../../support/stores/samplePoints.ts';

test('metadata splits into what stores hold and the rest, and joins again', () => {
  const metadata = { text: 'é', year: 1, tags: ['a'], mixed: [1, 'a'], deep: { er: null }, no: [] };
  const { plain, nested } = splitMetadata({ ...metadata, gone: null });
  expect(plain).toEqual({ text: 'é', year: 1, tags: ['a'] });
  expect(joinMetadata(plain, nested)).toEqual(metadata);
  expect(splitMetadata({ a: 1 }).nested).toBeNull();
});

test('a field called __proto__ is one like any other', () => {
  for (const value of ['text', 7, ['a'], { deep: 1 }]) {
    const metadata = Object.fromEntries([
      ['lang', 'de'],
      ['__proto__', value],
    ]);
    const { plain, nested } = splitMetadata(metadata);
    const joined = joinMetadata(plain, nested);
    expect(Object.entries(joined)).toEqual(Object.entries(metadata));
    expect(Object.getPrototypeOf(joined)).toBe(Object.prototype);
    const { id, vector, ...point } = samplePoints(1, 4)[0]!;
    const stored = JSON.parse(JSON.stringify(toPayload({ ...point, metadata })));
    expect(Object.entries(fromPayload(id, stored, vector).metadata)).toEqual(
      Object.entries(metadata),
    );
  }
});

test('names of Berth’s own and numbers that are none are refused by name', () => {
  expect(() => splitMetadata({ berth_x: 1 })).toThrow(/berth_x/);
  expect(() => splitMetadata({ rate: Number.NaN })).toThrow(/rate/);
});

test('a filter becomes its conditions, the tenant’s first', () => {
  const filter = { lang: 'de', year: { gte: 2000, not: 2003 }, tag: { in: ['a', 'b'] } };
  expect(filterClauses(filter, { field: 'team', value: 'x' })).toEqual([
    { field: 'team', op: 'eq', value: 'x' },
    { field: 'lang', op: 'eq', value: 'de' },
    { field: 'year', op: 'gte', value: 2000 },
    { field: 'year', op: 'not', value: 2003 },
    { field: 'tag', op: 'in', values: ['a', 'b'] },
  ]);
});

test('reciprocal rank fusion adds 1 / (60 + rank) over the lists', () => {
  const fused = fuseRanks([
    ['a', 'b', 'c'],
    ['c', 'd'],
  ]);
  expect(fused.map(({ id }) => id)).toEqual(['c', 'a', 'b', 'd']);
  expect(fused[0]?.score).toBeCloseTo(1 / 63 + 1 / 61, 12);
});

test('an address with a credential is refused without repeating it', () => {
  for (const url of ['http://u:hush@h', 'http://hush@h', 'http://h/?api_key=hush']) {
    const check = () => checkStoreUrl('chroma', url, ['http:'], 'CHROMA_TOKEN');
    expect(check).toThrow(/CHROMA_TOKEN/);
    expect(check).not.toThrow(/hush/);
  }
  expect(() => checkStoreUrl('chroma', 'ftp://h', ['http:'], 'X')).toThrow(/expected http:/);
  expect(checkStoreUrl('chroma', 'http://h:1', ['http:'], 'X').port).toBe('1');
});

test.each([
  [429, 'StoreThrottled'],
  [401, 'CredentialsRefused'],
  [403, 'CredentialsRefused'],
  [400, 'StoreRejected'],
  [413, 'StoreRejected'],
  [408, 'StoreUnavailable'],
  [500, 'StoreUnavailable'],
  [undefined, 'StoreUnavailable'],
])('status %s is %s', (status, type) => {
  const failure = storeFailure('store', { status, message: 'a\nb', retryAfterMs: 20 });
  expect(failure).toMatchObject({ type, message: expect.stringContaining('store: a b') });
  if (status === 429) expect(failure.details).toEqual({ retryAfterMs: 20 });
});

test('Retry-After is read as seconds or as a date', () => {
  expect(retryAfter('1.5')).toBe(1500);
  expect(retryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 4_000)).toBe(6_000);
  expect(retryAfter('soon')).toBeUndefined();
  expect(retryAfter(null)).toBeUndefined();
});
