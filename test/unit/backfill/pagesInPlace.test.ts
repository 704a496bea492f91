import { expect, test } from 'vitest';
import { pointId } from '../../../activities/backfill/pointIds.ts';
import { expectExactly } from '../../support/backfill/idSets.ts';
import { openMemorySource, wholePartition } from '../../support/backfill/memorySource.ts';
import { createPageRig } from '../../support/backfill/pageRig.ts';
import { createMemoryStore } from '../../support/stores/memoryStore.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const folder = temporaryFolder('pages-in-place');
let jobs = 0;

type Records = { id: string; text: string; metadata?: Record<string, unknown> }[];

/** One job over these records into the store. */
async function fill(store: ReturnType<typeof createMemoryStore>, records: Records, inPlace = true) {
  const rig = createPageRig({
    folder,
    source: openMemorySource(() => records),
    store,
    jobId: (jobs++).toString(16).padStart(32, '0'),
    inPlace,
  });
  const { written } = await rig.fill(wholePartition(records.length));
  const sum = (of: 'written' | 'unchanged' | 'removed') =>
    written.reduce((total, page) => total + page[of], 0);
  return { written: sum('written'), unchanged: sum('unchanged'), removed: sum('removed') };
}

const former: Records = [
  { id: 'same', text: 'one\ntwo' },
  { id: 'longer', text: 'one' },
  { id: 'shorter', text: 'one\ntwo\nthree\nfour' },
  { id: 'other', text: 'before' },
  { id: 'tagged', text: 'text\nmore', metadata: { tag: 'a' } },
];

test('only what has changed is written, and chunks that are no more go', async () => {
  const store = createMemoryStore();
  await fill(store, former, false);
  const requests = store.upserts.length;
  expect(await fill(store, former)).toEqual({ written: 0, unchanged: 5, removed: 0 });
  expect(store.upserts).toHaveLength(requests);
  const later: Records = [
    { id: 'same', text: 'one\ntwo' },
    { id: 'longer', text: 'one\ntwo\nthree' },
    { id: 'shorter', text: 'one' },
    { id: 'other', text: 'after' },
    { id: 'tagged', text: 'text\nmore', metadata: { tag: 'b' } },
    { id: 'new', text: 'new\ntoo' },
  ];
  expect(await fill(store, later)).toEqual({ written: 9, unchanged: 1, removed: 3 });
  expectExactly(store.points('docs-v1'), later);
  expect(store.points('docs-v1').get(pointId('corpus', 'tagged', 0))?.metadata).toEqual({
    tag: 'b',
  });
});

test('a record is there all the while it is replaced', async () => {
  const store = createMemoryStore();
  await fill(store, former, false);
  const head = pointId('corpus', 'shorter', 0);
  const points = store.points('docs-v1');
  let seen = 0;
  store.faults.refuses = () => {
    seen += 1;
    if (!points.has(head)) throw new Error('chunk 0 was gone');
    return false;
  };
  await fill(store, [{ id: 'shorter', text: 'a\nb' }]);
  expect(seen).toBeGreaterThan(2);
  expect(points.get(head)?.chunks).toBe(2);
});

test('records of another source and those that the source has no more are left alone', async () => {
  const store = createMemoryStore();
  await fill(store, former, false);
  await fill(store, [{ id: 'new', text: 'new' }]);
  expectExactly(store.points('docs-v1'), [...former, { id: 'new', text: 'new' }]);
});

test('catch-up replaces records of a new collection, whose chunks shrink and grow', async () => {
  const store = createMemoryStore();
  let lines: Records = former;
  const rig = createPageRig({
    folder,
    source: openMemorySource(() => lines),
    store,
    jobId: (jobs++).toString(16).padStart(32, '0'),
  });
  await rig.fill(wholePartition(5));
  lines = [
    { id: 'shorter', text: 'one' },
    { id: 'longer', text: 'one\ntwo' },
  ];
  const { embedded } = await rig.fill({ ...wholePartition(2, 1), round: 1 });
  expect(embedded[0]).toMatchObject({ records: 2, failed: {} });
  const expected = former.map((record) => lines.find(({ id }) => id === record.id) ?? record);
  expectExactly(store.points('docs-v1'), expected);
  await rig.files.useLedger(rig.jobId, (ledger) =>
    expect(ledger.totals()).toEqual({ records: 5, points: store.points('docs-v1').size }),
  );
});

test('a row that shrinks between two attempts at its page leaves nothing in a new collection', async () => {
  const store = createMemoryStore();
  let lines: Records = [{ id: 'row', text: 'a\nb\nc' }];
  const rig = createPageRig({
    folder,
    source: openMemorySource(() => lines),
    store,
    jobId: (jobs++).toString(16).padStart(32, '0'),
  });
  const bounds = wholePartition(1);
  await rig.embed(bounds, 0, null);
  await rig.write(0, 0);
  lines = [{ id: 'row', text: 'a' }];
  await rig.embed(bounds, 0, null);
  await rig.write(0, 0);
  expectExactly(store.points('docs-v1'), lines as { id: string; text: string }[]);
});
