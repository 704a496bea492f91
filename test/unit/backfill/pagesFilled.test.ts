import { expect, test } from 'vitest';
import { expectExactly } from '../../support/backfill/idSets.ts';
import {
  type Line,
  openMemorySource,
  wholePartition,
} from '../../support/backfill/memorySource.ts';
import { createPageRig } from '../../support/backfill/pageRig.ts';
import { createHashEmbedder, createMemoryCache } from '../../support/backfill/textEmbedding.ts';
import { createMemoryStore } from '../../support/stores/memoryStore.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const folder = temporaryFolder('fill-pages');
let jobs = 0;
const nextJob = () => (jobs++).toString(16).padStart(32, '0');

const corpus = (records: number) =>
  Array.from({ length: records }, (_, number) => ({
    id: `r${number}`,
    text: Array.from({ length: 1 + (number % 3) }, (_, line) => `text ${number} line ${line}`).join(
      '\n',
    ),
  }));

function rig(
  lines: () => readonly Line[],
  options: Partial<Parameters<typeof createPageRig>[0]> = {},
) {
  const store = createMemoryStore();
  const built = createPageRig({
    folder,
    source: openMemorySource(lines),
    store,
    jobId: nextJob(),
    ...options,
  });
  return { ...built, store };
}

test('a partition is embedded and written page by page, without an empty one at its end', async () => {
  const records = corpus(8);
  const { fill, store, physical, files, jobId } = rig(() => records);
  const { embedded, written } = await fill(wholePartition(8));
  expect(embedded.map((page) => page.records)).toEqual([4, 4]);
  expect(written.reduce((sum, page) => sum + page.written, 0)).toBe(15);
  expectExactly(store.points(physical), records);
  await files.useLedger(jobId, (ledger) => {
    expect(ledger.totals()).toEqual({ records: 8, points: 15 });
    expect([...ledger.records()].map(({ recordId }) => recordId)).toEqual(
      records.map(({ id }) => id),
    );
    const sample = ledger.sample();
    expect(sample).toHaveLength(5);
    const points = store.points(physical);
    for (const { id, vector, text } of sample) {
      expect(points.get(id)?.text).toBe(text);
      expect(points.get(id)?.vector).toEqual(vector);
    }
  });
});

test('a second job over the same texts embeds nothing', async () => {
  const records = corpus(6);
  const cache = createMemoryCache();
  const embedder = createHashEmbedder();
  await rig(() => records, { cache, embedder }).fill(wholePartition(6));
  const first = embedder.embedded.length;
  expect(first).toBe(12);
  const { embedded } = await rig(() => records, { cache, embedder }).fill(wholePartition(6));
  expect(embedder.embedded).toHaveLength(first);
  expect(embedded.map((page) => [page.embedded, page.reused])).toEqual([
    [0, 7],
    [0, 5],
  ]);
});

test('a text that occurs twice in a page is embedded once', async () => {
  const embedder = createHashEmbedder();
  const records = [
    { id: 'a', text: 'same' },
    { id: 'b', text: 'same' },
  ];
  const { embedded } = await rig(() => records, { embedder }).fill(wholePartition(2));
  expect(embedder.embedded).toEqual(['same']);
  expect(embedded[0]).toMatchObject({ chunks: 2, embedded: 1, reused: 1, tokens: 2 });
});
