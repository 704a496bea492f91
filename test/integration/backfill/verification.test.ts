import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keepQueryVectors, readKnownItems } from '../../../activities/backfill/knownItems.ts';
import { pointId } from '../../../activities/backfill/pointIds.ts';
import type { Point, VectorStore } from '../../../activities/stores/vectorStore.ts';
import type { StoreVerification } from '../../../workflows/contracts/backfill/activities.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { createHostRig, lancedb, recordsOf } from '../../support/backfill/hostJob.ts';
import { baseRequest } from '../../support/backfill/pageRig.ts';
import { fakeVector, startFakeEmbeddingEndpoint } from '../../support/fakeEmbeddingEndpoint.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const dimensions = 32;
let endpoint: Awaited<ReturnType<typeof startFakeEmbeddingEndpoint>>;
beforeAll(async () => {
  endpoint = await startFakeEmbeddingEndpoint(dimensions);
});
afterAll(() => endpoint.stop());

const rigs: ReturnType<typeof createHostRig>[] = [];
afterAll(() => Promise.all(rigs.map((rig) => rig.close())));
function rigFor(name: string, wrap?: (store: VectorStore) => VectorStore) {
  const rig = createHostRig(temporaryFolder(`verify-${name}`), endpoint.url, wrap);
  rigs.push(rig);
  return rig;
}

const verification = { ...baseRequest.verification, sample: 20 };

const failed = ({ checks }: StoreVerification) =>
  checks.flatMap(({ name, ok }) => (ok ? [] : [name]));
const detail = ({ checks }: StoreVerification, name: string) =>
  checks.find((check) => check.name === name)?.detail;

/** The real store, but for what is written to it. */
const writing =
  (change: (points: readonly Point[]) => readonly Point[]) =>
  (store: VectorStore): VectorStore => ({
    ...store,
    upsert: (physical, points) => store.upsert(physical, change(points)),
  });

const target = pointId('corpus', 'record-7', 0);
const altered = (change: Partial<Point>) =>
  writing((points) =>
    points.map((point) => (point.id === target ? { ...point, ...change } : point)),
  );

describe('a store is found out', () => {
  test('that acknowledges and loses a batch', async () => {
    let batches = 0;
    const rig = rigFor(
      'lost',
      writing((points) => (batches++ === 1 ? [] : points)),
    );
    rig.write(recordsOf(30));
    const found = await rig.verify(await rig.begin());
    expect(found.ok).toBe(false);
    expect(failed(found)).toEqual(expect.arrayContaining(['count', 'ids']));
    expect(detail(found, 'count')).toMatch(/^26 points, expected 30$/);
    expect(detail(found, 'ids')).toMatch(/^4 missing \("record-\d+" chunk 0, .*, …\)$/);
  });

  test('that loses a point and has another one in its place', async () => {
    const rig = rigFor('swapped', altered({ id: pointId('corpus', 'nobody', 0) }));
    rig.write(recordsOf(30));
    const found = await rig.verify(await rig.begin());
    expect(failed(found)).toContain('ids');
    expect(detail(found, 'ids')).toContain('1 missing ("record-7" chunk 0), 1 not expected');
  });

  test.each([
    ['text', { text: 'Something else.' }, 'has another text'],
    ['vector', { vector: new Float32Array(dimensions).fill(1) }, 'has another vector (cosine'],
    ['record', { recordId: 'record-8' }, 'is chunk 0 of "record-8"'],
  ])('that alters a %s', async (name, change, told) => {
    const rig = rigFor(name, altered(change));
    rig.write(recordsOf(20));
    const found = await rig.verify(await rig.begin());
    expect(failed(found)).toContain('vectors');
    expect(detail(found, 'vectors')).toContain(`record "record-7" chunk 0 ${told}`);
  });

  test('that holds an older version of a record', async () => {
    const rig = rigFor('stale');
    rig.write(recordsOf(10));
    await rig.end(await rig.begin());
    const [first, ...others] = recordsOf(10);
    rig.write([{ ...first!, text: 'It has sailed.' }, ...others]);
    const lying = createHostRig(
      join(rig.paths.home, '..'),
      endpoint.url,
      writing(() => []),
    );
    rigs.push(lying);
    const found = await lying.verify(await lying.begin());
    expect(detail(found, 'ids')).toBe('1 of another version ("record-0" chunk 0)');
  });

  test('whose search misses what is near', async () => {
    const rig = rigFor('search', (store) => ({
      ...store,
      capabilities: { ...store.capabilities, exactSearch: false },
      // Every second neighbour.
      search: async (physical, query) => {
        const hits = await store.search(physical, { ...query, limit: 2 * query.limit });
        return hits.filter((_, place) => place % 2 === 1);
      },
    }));
    rig.write(recordsOf(60));
    const found = await rig.verify(await rig.begin());
    expect(failed(found)).toEqual(['recall', 'known-items']);
    expect(found.recall).toBeGreaterThan(0.3);
    expect(found.recall).toBeLessThan(0.7);
    expect(detail(found, 'known-items')).toContain('0 of 20 sampled texts');
  });
});

describe('recall', () => {
  test.each([true, false])('is measured with exactSearch %s', async (exactSearch) => {
    const rig = rigFor('recall', (store) => ({
      ...store,
      capabilities: { ...store.capabilities, exactSearch },
    }));
    rig.write(recordsOf(40));
    expect(await rig.verify(await rig.begin())).toMatchObject({ ok: true, recall: 1 });
  });

  test('takes any of many texts that are alike', async () => {
    const rig = rigFor('alike');
    rig.write(recordsOf(150).map((record) => ({ ...record, text: 'The same text.' })));
    expect(await rig.verify(await rig.begin())).toMatchObject({ ok: true, recall: 1 });
  });

  test('is said not to be measured where brute force would take days', async () => {
    const rig = rigFor('huge', (store) => ({
      ...store,
      capabilities: { ...store.capabilities, exactSearch: false },
      count: async () => 10_000_001,
    }));
    rig.write(recordsOf(5));
    const found = await rig.verify(await rig.begin());
    expect(found.recall).toBe(null);
    expect(failed(found)).toEqual(['count']);
    expect(detail(found, 'recall')).toMatch(/^recall was not measured: 10000001 points/);
  });

  test('is not measured without a sample', async () => {
    const rig = rigFor('none');
    rig.write(recordsOf(5));
    const job = await rig.begin({ verification: { ...verification, sample: 0 } });
    const found = await rig.verify(job);
    expect(found).toMatchObject({ ok: true, recall: null });
    expect(found.checks.map(({ name }) => name)).toEqual(['count', 'ids']);
  });
});

describe('known items', () => {
  test('of the user are searched for', async () => {
    const rig = rigFor('items');
    rig.write(recordsOf(40));
    const knownItems = join(rig.paths.home, '..', 'known.jsonl');
    const items = [
      { query: 'The ship number 3 lies at its berth while the tide turns.', id: 'record-3' },
      { query: 'The ship number 9 lies at its berth while the tide turns.', id: 'record-9' },
      { query: 'Nothing of that.', id: 'gone' },
    ];
    writeFileSync(knownItems, items.map((item) => JSON.stringify(item)).join('\n'));
    const asked = { ...verification, knownItems, minKnownItems: 0.5 };
    const job = await rig.begin({ verification: asked });
    const vector = (text: string) => Float32Array.from(fakeVector(text, dimensions));
    const embedded = (await readKnownItems(knownItems)).map((item) => ({
      ...item,
      vector: vector(item.query),
    }));
    expect(detail(await rig.verify(job), 'known-items')).toContain('were not embedded');
    await keepQueryVectors(rig.paths, job.jobId, embedded);
    const found = await rig.verify(job);
    expect(detail(found, 'known-items')).toContain('2 of 3 queries find their record');
    expect(found.ok).toBe(true);
    const stricter = { ...job.request.verification, minKnownItems: 0.9 };
    const request = { ...job.request, verification: stricter };
    expect(failed(await rig.verify({ ...job, request }))).toEqual(['known-items']);
  });
});

test('what a store refused for good is not expected of it', async () => {
  const rig = rigFor('refused', (store) => ({
    ...store,
    async upsert(physical, points) {
      if (points.some(({ id }) => id === target)) {
        throw berthError('StoreRejected', 'takes no such point');
      }
      await store.upsert(physical, points);
    },
  }));
  rig.write(recordsOf(20));
  const job = await rig.begin();
  expect(await rig.verify(job)).toMatchObject({ ok: true, points: 19 });
  expect((await rig.end(job)).finished.failed).toBe(1);
  const store = await rig.stores.use(lancedb);
  expect(await store.readPoints('docs-v1', [target], { vectors: false })).toEqual([]);
});

test('what a store refused in place is there as it was, and expected so', async () => {
  let refuses = false;
  const rig = rigFor('refused-in-place', (store) => ({
    ...store,
    async upsert(physical, points) {
      if (refuses && points.some(({ id }) => id === target)) {
        throw berthError('StoreRejected', 'takes no such point');
      }
      await store.upsert(physical, points);
    },
  }));
  rig.write(recordsOf(20));
  await rig.end(await rig.begin());
  refuses = true;
  const changed = recordsOf(20).map((record) => ({ ...record, text: `New: ${record.text}` }));
  rig.write(changed.slice(0, 19));
  const job = await rig.begin({ deleteMissing: true });
  expect(await rig.verify(job)).toMatchObject({ ok: true, points: 20 });
  expect(await rig.end(job)).toMatchObject({ deleted: { records: 1 }, finished: { failed: 1 } });
  const store = await rig.stores.use(lancedb);
  const [kept] = await store.readPoints('docs-v1', [target], { vectors: false });
  expect(kept?.text).toBe(recordsOf(20)[7]?.text);
});
