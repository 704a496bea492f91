import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createClosePartition } from '../../../activities/backfill/closePartition.ts';
import { createFinishBackfill } from '../../../activities/backfill/finishBackfill.ts';
import { pageLimits } from '../../../activities/backfill/pageLimits.ts';
import type { Embedded } from '../../../activities/embeddings/embedder.ts';
import { expectExactly } from '../../support/backfill/idSets.ts';
import {
  type Line,
  openMemorySource,
  wholePartition,
} from '../../support/backfill/memorySource.ts';
import { createPageRig, type RigOptions } from '../../support/backfill/pageRig.ts';
import { createHashEmbedder, hashVector } from '../../support/backfill/textEmbedding.ts';
import { createMemoryStore } from '../../support/stores/memoryStore.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const folder = temporaryFolder('pages-failures');
let jobs = 0;

function rig(lines: readonly Line[], options: Partial<RigOptions> = {}) {
  const store = createMemoryStore();
  const built = createPageRig({
    folder,
    source: openMemorySource(() => lines),
    store,
    jobId: (jobs++).toString(16).padStart(32, '0'),
    ...options,
  });
  const finish = async () => {
    await createClosePartition(built)({ jobId: built.jobId, partition: 0 });
    const { deadLetters, failed } = await createFinishBackfill(built)(built);
    const text = deadLetters === null ? '' : readFileSync(deadLetters, 'utf8');
    return {
      failed,
      letters: text
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    };
  };
  return { ...built, store, finish };
}

test('duplicates are named with the place that was first', async () => {
  const lines = [
    { id: 'a', text: 'one' },
    { id: 'a', text: 'two' },
    { id: 'b', text: 'three' },
    { id: 'c', text: 'four' },
    { id: 'b', text: 'five' },
  ];
  const { fill, store, finish } = rig(lines);
  const { embedded } = await fill(wholePartition(5));
  expect(embedded.map(({ records, failed }) => [records, failed])).toEqual([
    [3, { 'duplicate-id': 1 }],
    [0, { 'duplicate-id': 1 }],
  ]);
  expectExactly(store.points('docs-v1'), [lines[0], lines[2], lines[3]] as typeof lines);
  const { failed, letters } = await finish();
  expect(failed).toBe(2);
  expect(letters).toMatchObject([
    { id: 'a', place: 'line 2', step: 'embed', store: null, excerpt: 'two' },
    {
      id: 'b',
      place: 'line 5',
      reason: expect.stringContaining('record 3 of page 0 of partition 0'),
    },
  ]);
});

test('a poison text fails its record as a whole, the rest of the page goes on', async () => {
  const answer = (text: string): Embedded =>
    text === 'poison'
      ? { failure: { kind: 'embedding-refused', reason: 'the model refuses it' } }
      : { vector: text === 'nan' ? new Float32Array(8).fill(Number.NaN) : hashVector(text) };
  const lines = [
    { id: 'a', text: 'fine\npoison\nfine too' },
    { id: 'b', text: 'b' },
    { id: 'c', text: 'nan' },
  ];
  const { fill, store, finish, files, jobId } = rig(lines, {
    embedder: createHashEmbedder(answer),
  });
  const { embedded } = await fill(wholePartition(3));
  expect(embedded[0]).toMatchObject({
    records: 1,
    chunks: 1,
    failed: { 'embedding-refused': 1, 'embedding-not-finite': 1 },
  });
  expectExactly(store.points('docs-v1'), [{ id: 'b', text: 'b' }]);
  await files.useLedger(jobId, (ledger) => {
    expect(ledger.totals()).toEqual({ records: 1, points: 1 });
    expect(ledger.inSource('a')).toBe(true);
  });
  expect((await finish()).letters).toMatchObject([
    { id: 'a', kind: 'embedding-refused', reason: 'chunk 1 of 3: the model refuses it' },
    {
      id: 'c',
      kind: 'embedding-not-finite',
      reason: expect.stringContaining('value 0 of its vector is NaN'),
    },
  ]);
});

test('what a store refuses is found by halving, and its record goes as a whole', async () => {
  const lines = Array.from({ length: 30 }, (_, number) => ({
    id: `r${number}`,
    text: Array.from({ length: 3 }, (_, line) => `${number}/${line}`).join('\n'),
  }));
  const { fill, store, finish, files, jobId } = rig(lines, {
    request: {
      pageRecords: 30,
      verification: { sample: 5, minRecall: 0.9, knownItems: null, minKnownItems: 0.9 },
    },
  });
  store.faults.refuses = ({ recordId, chunk }) =>
    (recordId === 'r7' && chunk === 1) || (recordId === 'r20' && chunk === 0);
  const { written } = await fill(wholePartition(30));
  expect(written[0]).toMatchObject({ written: 84, failed: { 'store-refused': 2 } });
  expectExactly(
    store.points('docs-v1'),
    lines.filter(({ id }) => id !== 'r7' && id !== 'r20'),
  );
  await files.useLedger(jobId, (ledger) => {
    expect(ledger.totals()).toEqual({ records: 30, points: 90 });
    expect(ledger.expected('noop')).toEqual({ records: 28, points: 84 });
  });
  const { letters } = await finish();
  expect(letters).toMatchObject([
    {
      id: 'r7',
      kind: 'store-refused',
      step: 'write',
      store: 'noop',
      place: 'line 8',
      reason: 'chunk 1 of 3: memory: takes no such point',
    },
    { id: 'r20', place: 'line 21' },
  ]);
});

test('a record whose new version a store refuses in place keeps its former one', async () => {
  const store = createMemoryStore();
  const former = [
    { id: 'last', text: 'old\nold 1\nold 2' },
    { id: 'shorter', text: 'old\nold 1\nold 2\nold 3' },
    { id: 'head', text: 'old\nold 1' },
    { id: 'one', text: 'old' },
    { id: 'grows', text: 'old' },
    { id: 'fine', text: 'old\nold 1' },
  ];
  await rig(former, { store }).fill(wholePartition(6));
  const before = new Map(store.points('docs-v1'));
  store.faults.refuses = ({ text }) => text.startsWith('poison');
  const later = [
    { id: 'last', text: 'new\nnew 1\npoison' },
    { id: 'shorter', text: 'new\npoison' },
    { id: 'head', text: 'poison\nnew 1' },
    { id: 'one', text: 'poison' },
    { id: 'grows', text: 'new\nnew 1\npoison' },
    { id: 'fine', text: 'new' },
    { id: 'unknown', text: 'new\npoison' },
  ];
  const { fill, files, jobId } = rig(later, { store, inPlace: true });
  const { written } = await fill(wholePartition(7));
  expect(written[0]).toMatchObject({ failed: { 'store-refused': 4 } });
  expectExactly(store.points('docs-v1'), [...former.slice(0, 5), { id: 'fine', text: 'new' }]);
  for (const [id, point] of store.points('docs-v1')) {
    if (point.recordId !== 'fine') expect(point).toEqual(before.get(id));
  }
  await files.useLedger(jobId, (ledger) => expect(ledger.expected('noop').points).toBe(1));
  store.faults.refuses = () => false;
  await rig(later, { store, inPlace: true }).fill(wholePartition(7));
  expectExactly(store.points('docs-v1'), later);
});

test('a refused record of which only pieces were left by a killed attempt goes as a whole', async () => {
  const store = createMemoryStore();
  await rig([{ id: 'a', text: 'old\nold 1\nold 2' }], { store }).fill(wholePartition(1));
  const { embed, write } = rig([{ id: 'a', text: 'new\nnew 1\npoison' }], { store, inPlace: true });
  await embed(wholePartition(1), 0, null);
  store.faults.refuses = ({ text }) => {
    // Down for longer than its requests are tried again.
    if (text === 'new 1') store.faults.unavailable = 8;
    return text === 'poison';
  };
  await expect(write(0, 0)).rejects.toMatchObject({ type: 'StoreUnavailable' });
  store.faults.unavailable = 0;
  store.faults.refuses = ({ text }) => text === 'poison';
  await write(0, 0);
  expectExactly(store.points('docs-v1'), []);
});

test('a record that a retry brings through is dead no more', async () => {
  const { embed, write, store, finish, files, jobId } = rig([{ id: 'a', text: 'a\nb' }]);
  store.faults.refuses = () => true;
  const bounds = wholePartition(1);
  await embed(bounds, 0, null);
  expect((await write(0, 0)).failed).toEqual({ 'store-refused': 1 });
  store.faults.refuses = () => false;
  expect((await write(0, 0)).failed).toEqual({});
  await files.useLedger(jobId, (ledger) => expect(ledger.expected('noop').points).toBe(2));
  expect(await finish()).toEqual({ failed: 0, letters: [] });
});

test('what the source cannot read, empty and gigantic texts go to the dead letters', async () => {
  const failure = {
    id: null,
    kind: 'malformed',
    reason: 'line 2: not JSON',
    excerpt: '{"id":',
  } as const;
  const gigantic = 'long words '.repeat(pageLimits.recordTextBytes / 10);
  const lines: Line[] = [
    { id: 'a', text: 'fine' },
    { failure },
    { id: 'b', text: ' \n\t' },
    { id: 'c', text: gigantic },
  ];
  const { fill, store, finish, files, jobId } = rig(lines);
  const { embedded } = await fill(wholePartition(4));
  expect(embedded).toMatchObject([
    { records: 1, failed: { malformed: 1, 'empty-text': 1, 'too-large': 1 }, next: null },
  ]);
  expectExactly(store.points('docs-v1'), [{ id: 'a', text: 'fine' }]);
  await files.useLedger(jobId, (ledger) => expect(ledger.unnamedFailures()).toBe(1));
  const { letters } = await finish();
  expect(letters.map(({ id, place }) => [id, place])).toEqual([
    [null, 'line 2'],
    ['b', 'line 3'],
    ['c', 'line 4'],
  ]);
  expect(letters[2].excerpt).toHaveLength(2000);
});

test('long texts end a page before its number of records', async () => {
  const text = `${'word '.repeat(1000)}\n`.repeat(1200);
  const lines = Array.from({ length: 12 }, (_, number) => ({ id: `r${number}`, text }));
  const { embed } = rig(lines, {
    request: { pageRecords: 100 },
    embedder: createHashEmbedder(),
  });
  const page = await embed(wholePartition(12), 0, null);
  expect(page).toMatchObject({ records: 6, next: '6', embedded: 1 });
});

test('a batch that a store acknowledges and loses is missing from what the ledger expects', async () => {
  const lines = Array.from({ length: 4 }, (_, number) => ({ id: `r${number}`, text: 'a\nb\nc' }));
  const { fill, store, files, jobId } = rig(lines);
  store.faults.lose = 1;
  await fill(wholePartition(4));
  const count = await store.count('docs-v1');
  await files.useLedger(jobId, (ledger) => {
    expect(ledger.expected('noop').points).toBe(12);
    expect(count).toBe(4);
  });
});

test('a replay reads what is dead, by id and by place, and nothing else', async () => {
  const failure = { id: null, kind: 'malformed', reason: 'not JSON', excerpt: '' } as const;
  const lines: Line[] = [
    { id: 'a', text: 'a' },
    { failure },
    { id: 'b', text: ' ' },
    { id: 'c', text: 'c' },
    { id: 'd', text: 'd' },
    { failure },
  ];
  const first = rig(lines);
  await first.fill(wholePartition(6));
  expect((await first.finish()).failed).toBe(3);
  lines[1] = { id: 'mended', text: 'mended' };
  lines[2] = { id: 'b', text: 'b' };
  lines[3] = { id: 'c', text: 'changed meanwhile' };
  const replay = rig(lines, {
    store: first.store,
    inPlace: true,
    request: { replayOf: first.jobId, pageRecords: 2 },
  });
  const { embedded, written } = await replay.fill(wholePartition(6));
  expect(embedded.map(({ records, failed }) => [records, failed])).toEqual([
    [2, {}],
    [0, { malformed: 1 }],
  ]);
  expect(written[0]?.written).toBe(2);
  expectExactly(first.store.points('docs-v1'), [
    { id: 'a', text: 'a' },
    { id: 'mended', text: 'mended' },
    { id: 'b', text: 'b' },
    { id: 'c', text: 'c' },
    { id: 'd', text: 'd' },
  ]);
  expect((await replay.finish()).letters).toMatchObject([{ id: null, place: 'line 6' }]);
});

test('a replay of a job that left nothing says so', async () => {
  const { embed } = rig([{ id: 'a', text: 'a' }], { request: { replayOf: '9'.repeat(32) } });
  await expect(embed(wholePartition(1), 0, null)).rejects.toMatchObject({
    type: 'InvalidRequest',
    message: expect.stringContaining('there is nothing to replay'),
  });
});
