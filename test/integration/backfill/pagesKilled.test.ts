import { expect, test } from 'vitest';
import type { JobFiles } from '../../../activities/backfill/jobFiles.ts';
import type { EmbeddingCache } from '../../../activities/embeddings/embeddingCache.ts';
import type { VectorStore } from '../../../activities/stores/vectorStore.ts';
import { expectExactly } from '../../support/backfill/idSets.ts';
import { openMemorySource, wholePartition } from '../../support/backfill/memorySource.ts';
import { createPageRig } from '../../support/backfill/pageRig.ts';
import { createHashEmbedder, createMemoryCache } from '../../support/backfill/textEmbedding.ts';
import { createMemoryStore, type MemoryStore } from '../../support/stores/memoryStore.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const folder = temporaryFolder('killed-pages');
let jobs = 0;

const version = (records: number, edition: number, lines: (number: number) => number) =>
  Array.from({ length: records }, (_, number) => ({
    id: `r${number}`,
    text: Array.from(
      { length: lines(number) },
      (_, line) => `${number} ${line} ed ${edition}`,
    ).join('\n'),
  }));

/** Throws once, right after the n-th effect. */
function createKill(nth: number) {
  let count = 0;
  const effect = async <T>(work: () => T | Promise<T>): Promise<T> => {
    count += 1;
    const now = count === nth;
    const result = await work();
    if (now) throw new Error('killed');
    return result;
  };
  return { effect, count: () => count };
}

type Effect = ReturnType<typeof createKill>['effect'];

const breakFiles =
  (effect: Effect) =>
  (real: JobFiles): JobFiles => ({
    ...real,
    useLedger: (jobId, work) => effect(() => real.useLedger(jobId, work)),
    writePage: (...args) => effect(() => real.writePage(...args)),
    removePage: (...args) => effect(() => real.removePage(...args)),
    writeDeadLetters: (...args) => effect(() => real.writeDeadLetters(...args)),
  });

const breakCache = (effect: Effect, real: EmbeddingCache): EmbeddingCache => ({
  ...real,
  put: (...args) => effect(() => real.put(...args)),
});

const breakStore = (effect: Effect, real: MemoryStore): VectorStore => ({
  ...real,
  upsert: (...args) => effect(() => real.upsert(...args)),
  deletePoints: (...args) => effect(() => real.deletePoints(...args)),
});

const partition = wholePartition(7);
const nextJob = () => (jobs++).toString(16).padStart(32, '0');

async function killedFill(nth: number, inPlace: boolean) {
  const records = version(7, 1, (number) => 1 + (number % 4));
  const store = createMemoryStore();
  if (inPlace) {
    const former = version(7, 0, (number) => 4 - (number % 4));
    const source = openMemorySource(() => former);
    await createPageRig({ folder, jobId: nextJob(), source, store }).fill(partition);
  }
  const kill = createKill(nth);
  const embedder = createHashEmbedder();
  const rig = createPageRig({
    folder,
    jobId: nextJob(),
    source: openMemorySource(() => records),
    store: breakStore(kill.effect, store),
    cache: breakCache(kill.effect, createMemoryCache()),
    files: breakFiles(kill.effect),
    embedder,
    inPlace,
  });
  await rig.fill(partition, 2);
  return { records, store, embedder, rig, effects: kill.count() };
}

for (const inPlace of [false, true]) {
  test(`nothing is lost and nothing is twice wherever a kill comes, ${inPlace ? 'in place' : 'anew'}`, async () => {
    const whole = await killedFill(0, inPlace);
    expect(whole.effects).toBeGreaterThan(10);
    for (let nth = 1; nth <= whole.effects; nth += 1) {
      const { records, store, rig, embedder } = await killedFill(nth, inPlace);
      expectExactly(store.points(rig.physical), records);
      await rig.files.useLedger(rig.jobId, (ledger) => {
        const points = store.points(rig.physical).size;
        expect(ledger.totals()).toEqual({ records: 7, points });
        expect(ledger.expected('noop')).toEqual({ records: 7, points });
      });
      // At most the page that was being embedded is embedded again.
      expect(embedder.embedded.length - new Set(embedder.embedded).size).toBeLessThanOrEqual(10);
    }
  });
}

test('a job that is killed for good leaves nothing that the next one does not put right', async () => {
  const first = version(5, 1, () => 2);
  const larger = version(5, 2, () => 5);
  const source = (records: typeof first) => openMemorySource(() => records);
  const bounds = wholePartition(5);
  for (const last of [first, version(5, 3, () => 3), larger]) {
    for (const nth of [1, 2, 3, 4, 5, 7, 9, 12]) {
      const store = createMemoryStore();
      await createPageRig({ folder, jobId: nextJob(), source: source(first), store }).fill(bounds);
      const { effect } = createKill(nth);
      const broken = createPageRig({
        folder,
        jobId: nextJob(),
        source: source(larger),
        store: breakStore(effect, store),
        inPlace: true,
      });
      await broken.fill(bounds).catch((error: Error) => expect(error.message).toBe('killed'));
      const next = createPageRig({
        folder,
        jobId: nextJob(),
        source: source(last),
        store,
        inPlace: true,
      });
      await next.fill(bounds);
      expectExactly(store.points(next.physical), last);
    }
  }
});

test('a page that is lost is named so, and made again from the cache', async () => {
  const records = version(4, 1, () => 2);
  const store = createMemoryStore();
  const embedder = createHashEmbedder();
  const rig = createPageRig({
    folder,
    jobId: nextJob(),
    source: openMemorySource(() => records),
    store,
    embedder,
  });
  const bounds = wholePartition(4);
  await rig.embed(bounds, 0, null);
  await rig.files.removePage(rig.jobId, { partition: 0, page: 0 });
  await expect(rig.write(0, 0)).rejects.toMatchObject({
    type: 'PageLost',
    message: expect.stringMatching(/^page 0 of partition 0: .* is gone; .*embedded again/),
  });
  const again = await rig.embed(bounds, 0, null);
  expect(again).toMatchObject({ records: 4, embedded: 0, reused: 8 });
  await rig.write(0, 0);
  expect(embedder.embedded).toHaveLength(8);
  expectExactly(store.points(rig.physical), records);
});
