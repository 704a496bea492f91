import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addCounts, countPage } from '../../../workflows/backfill/counts.ts';
import type { EmbedPageResult } from '../../../workflows/contracts/backfill/pages.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import {
  type CorpusRecord,
  createHostRig,
  lancedb,
  recordsOf,
} from '../../support/backfill/hostJob.ts';
import { startFakeEmbeddingEndpoint } from '../../support/fakeEmbeddingEndpoint.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const dimensions = 32;
let endpoint: Awaited<ReturnType<typeof startFakeEmbeddingEndpoint>>;
beforeAll(async () => {
  endpoint = await startFakeEmbeddingEndpoint(dimensions);
});
afterAll(() => endpoint.stop());

const rigs: ReturnType<typeof createHostRig>[] = [];
function rigFor(name: string) {
  const rig = createHostRig(temporaryFolder(name), endpoint.url);
  rigs.push(rig);
  return rig;
}
afterAll(() => Promise.all(rigs.map((rig) => rig.close())));

const countsOf = (pages: readonly EmbedPageResult[]) =>
  pages.map((page) => countPage(page, [])).reduce(addCounts);

/** Record ids of the live version, from the store. */
async function liveRecords(rig: ReturnType<typeof createHostRig>): Promise<string[]> {
  const store = await rig.stores.use(lancedb);
  const live = await store.resolveAlias('docs');
  const ids: string[] = [];
  for await (const page of store.scan(live?.physical ?? '', { vectors: false })) {
    ids.push(...page.map(({ recordId }) => recordId));
  }
  return ids.sort();
}

test('fills a new collection, verifies it and switches to it', async () => {
  const rig = rigFor('first-job');
  rig.write(recordsOf(50));
  const job = await rig.begin();
  expect(job.plan).toMatchObject({ records: 50, artifact: null, embedding: { dimensions } });
  expect(job.plan.partitions.map(({ records }) => records)).toEqual([40, 10]);
  expect(job.targets).toEqual([
    { store: lancedb, physical: 'docs-v1', inPlace: false, previous: null },
  ]);
  const verification = await rig.verify(job);
  expect(verification).toMatchObject({ ok: true, points: 50, recall: 1 });
  expect(verification.checks.map(({ name, ok }) => [name, ok])).toEqual([
    ['count', true],
    ['ids', true],
    ['vectors', true],
    ['recall', true],
    ['known-items', true],
  ]);
  const store = await rig.stores.use(lancedb);
  expect(await store.resolveAlias('docs')).toBeUndefined();
  const { finished } = await rig.end(job);
  expect(finished).toEqual({ deadLetters: null, failed: 0 });
  expect(existsSync(rig.paths.backfill(job.jobId).root)).toBe(false);
  expect(await store.resolveAlias('docs')).toMatchObject({
    physical: 'docs-v1',
    spec: {
      collection: 'docs',
      jobId: job.jobId,
      embedder: { kind: 'endpoint', model: 'fake' },
      splitter: { maxTokens: 512, overlapTokens: 0, version: expect.stringContaining('splitter') },
    },
  });
});

test('an unchanged run embeds nothing and writes nothing; a changed one only what changed', async () => {
  const rig = rigFor('second-job');
  rig.write(recordsOf(30));
  await rig.end(await rig.begin());
  const asked = endpoint.requests.length;
  const again = await rig.begin({ deleteMissing: true });
  expect(again.targets).toEqual([
    { store: lancedb, physical: 'docs-v1', inPlace: true, previous: 'docs-v1' },
  ]);
  expect(again.pages.reduce((sum, { embedded }) => sum + embedded, 0)).toBe(0);
  // The plan's one look at the endpoint's dimensions.
  expect(endpoint.requests.length - asked).toBe(1);
  expect(await rig.verify(again)).toMatchObject({ ok: true, points: 30 });
  expect((await rig.end(again)).deleted).toEqual({ records: 0, points: 0 });

  const [changed, ...others] = recordsOf(30);
  rig.write([{ ...changed!, text: 'It has sailed.' }, ...others.slice(5), ...recordsOf(2, 100)]);
  const later = await rig.begin({ deleteMissing: true });
  expect(later.pages.reduce((sum, { embedded }) => sum + embedded, 0)).toBe(3);
  expect(await rig.verify(later)).toMatchObject({ ok: true, points: 32 });
  expect((await rig.end(later)).deleted).toEqual({ records: 5, points: 5 });
  const expected = ['record-0', ...others.slice(5).map(({ id }) => id), 'record-100', 'record-101'];
  expect(await liveRecords(rig)).toEqual(expected.sort());
});

test('deletes only records of its own source, and none while a place cannot be read', async () => {
  const rig = rigFor('two-sources');
  rig.write(recordsOf(10));
  await rig.end(await rig.begin());
  const { source } = rig.request();
  rig.write(recordsOf(5, 200));
  const other = await rig.begin({ source: { ...source, name: 'other' }, deleteMissing: true });
  expect(await rig.verify(other)).toMatchObject({ ok: true, points: 15 });
  expect((await rig.end(other)).deleted.records).toBe(0);
  expect(await liveRecords(rig)).toHaveLength(15);

  // A new version would hold one of them only.
  const shorter = { splitter: { maxTokens: 64, overlapTokens: 0 } };
  await expect(rig.begin(shorter)).rejects.toMatchObject({
    type: 'InvalidRequest',
    message: expect.stringContaining('would lose what docs-v1 has of source other'),
  });

  rig.write([...recordsOf(4), { id: 'x', text: 'y' }]);
  appendFileSync(rig.corpus, '{"id": "record-9", "te\n');
  const broken = await rig.begin({ deleteMissing: true });
  const ended = await rig.end(broken);
  expect(ended.finished.failed).toBe(1);
  expect(ended.deleted).toEqual({
    ...{ records: 0, points: 0 },
    notice: expect.stringMatching(
      /^lancedb: nothing was deleted: one place of the source could not/,
    ),
  });
  expect(await liveRecords(rig)).toHaveLength(16);
});

test('two files of one name do not delete each other, unless a person says that it is one', async () => {
  const rig = rigFor('one-name');
  const { source } = rig.request();
  const folder = join(rig.paths.home, '..');
  const at = (name: string, records: readonly CorpusRecord[], given = false) => {
    const location = join(folder, `${name}.jsonl`);
    writeFileSync(location, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    return { ...source, location, ...(given ? {} : { nameIsDefault: true as const }) };
  };
  const store = await rig.stores.use(lancedb);
  await rig.end(await rig.begin({ source: at('a', recordsOf(6)) }));
  const b = at('b', recordsOf(4, 10));
  await expect(rig.begin({ source: b, deleteMissing: true })).rejects.toMatchObject({
    type: 'InvalidRequest',
    message: expect.stringMatching(
      /^docs: --delete-missing would delete what lancedb has of source corpus from \S+a\.jsonl; if it has moved to \S+b\.jsonl, say --source-name corpus, [^\n]+$/,
    ),
  });
  expect(await store.count('docs-v1')).toBe(6);
  // A corpus that grows day by day, each in a folder of its own, stays one.
  const added = await rig.begin({ source: b });
  expect(added.targets).toMatchObject([
    { inPlace: true, notice: expect.stringMatching(/from \S+a\.jsonl too.*--source-name$/) },
  ]);
  await rig.end(added);
  expect(await store.count('docs-v1')).toBe(10);
  await expect(
    rig.begin({ source: at('a', recordsOf(6)), deleteMissing: true }),
  ).rejects.toMatchObject({ type: 'InvalidRequest' });
  const moved = await rig.begin({
    source: { ...at('b', recordsOf(4, 10), true) },
    deleteMissing: true,
  });
  expect(moved.targets[0]).not.toHaveProperty('notice');
  expect((await rig.end(moved)).deleted).toEqual({ records: 6, points: 6 });
  // From now on all of it is from there.
  const again = await rig.begin({ source: at('b', recordsOf(3, 10)), deleteMissing: true });
  expect((await rig.end(again)).deleted).toEqual({ records: 1, points: 1 });
  // A new version holds nothing but what its job has read.
  const anew = await rig.begin({
    source: at('a', recordsOf(6)),
    deleteMissing: true,
    rebuild: true,
  });
  expect(anew.targets[0]).not.toHaveProperty('notice');
  await rig.end(anew);
  expect(await store.count('docs-v2')).toBe(6);
});

test('rebuilds beside the live collection and keeps as many as asked', async () => {
  const rig = rigFor('rebuilt');
  rig.write(recordsOf(8));
  await rig.end(await rig.begin());
  const second = await rig.begin({ rebuild: true });
  expect(second.targets[0]).toMatchObject({ physical: 'docs-v2', previous: 'docs-v1' });
  expect((await rig.end(second)).dropped).toEqual([]);
  // Another splitter makes a new one, too.
  const third = await rig.begin({ splitter: { maxTokens: 64, overlapTokens: 8 } });
  expect(third.targets[0]).toMatchObject({ physical: 'docs-v3', inPlace: false });
  expect((await rig.end(third)).dropped).toEqual(['docs-v1']);
  const listed = await rig.activities.listCollections({ stores: [lancedb] });
  expect(listed).toEqual([
    {
      collection: 'docs',
      store: 'lancedb',
      current: 'docs-v3',
      versions: ['docs-v3', 'docs-v2'].map((physical) => ({
        physical,
        points: 8,
        dimensions,
        artifact: null,
        contentDigest: third.plan.embedding.contentDigest,
        createdAt: '2026-01-02T03:04:05.000Z',
      })),
    },
  ]);
  const back = { store: lancedb, collection: 'docs', to: 'docs-v2' };
  expect(await rig.activities.switchAlias(back)).toEqual({ previous: 'docs-v3' });
  await expect(rig.activities.switchAlias({ ...back, to: 'docs-v1' })).rejects.toMatchObject({
    type: 'CollectionNotFound',
  });
});

test('a job that fails drops its own collection, and only that', async () => {
  const rig = rigFor('abandoned');
  rig.write(recordsOf(8));
  const first = await rig.begin();
  await rig.end(first);
  const second = await rig.begin({ rebuild: true });
  const again = await rig.activities.prepareCollections({
    ...{ jobId: second.jobId, request: second.request, createdAt: '2026-01-02T03:04:06.000Z' },
    ...{ embedding: second.plan.embedding, artifact: null },
  });
  expect(again).toEqual(second.targets);
  for (const step of [...rig.steps(second), ...rig.steps(second), ...rig.steps(first)]) {
    await rig.activities.abandonCollection(step);
  }
  const [listed] = await rig.activities.listCollections({ stores: [lancedb] });
  expect(listed?.versions.map(({ physical }) => physical)).toEqual(['docs-v1']);
  expect(await liveRecords(rig)).toHaveLength(8);
});

test('what one store refuses leaves no collection in another one', async () => {
  const rig = createHostRig(temporaryFolder('refused-later'), endpoint.url, (store) => {
    if (store.kind !== 'noop') return store;
    return {
      ...store,
      async createCollection() {
        throw berthError('StoreUnsupported', 'noop: takes no more collections');
      },
    };
  });
  rigs.push(rig);
  rig.write(recordsOf(5));
  const stores = [lancedb, { kind: 'noop' as const, url: null }];
  await expect(rig.begin({ stores })).rejects.toThrow('takes no more collections');
  const store = await rig.stores.use(lancedb);
  expect(await store.listCollections()).toEqual([]);
  expect((await rig.begin()).targets).toMatchObject([{ physical: 'docs-v1' }]);
});

test('catch-up that reads all of it again counts nothing twice', async () => {
  const rig = rigFor('counted-once');
  const malformed = '{"id": "cut\n';
  const records = recordsOf(80);
  rig.write(records);
  appendFileSync(rig.corpus, malformed.repeat(3));
  const job = await rig.begin();
  const counts = { records: 80, again: 0, chunks: 80, embedded: 80, failed: { malformed: 3 } };
  expect(countsOf(job.pages)).toMatchObject(counts);

  // Not only appended to: the end of what was planned is another one.
  const last = records.at(-1)!;
  const changed = { ...last, text: last.text.replace('turns', 'falls') };
  rig.write([...records.slice(0, -1), changed]);
  appendFileSync(rig.corpus, malformed.repeat(8));
  const round = await rig.activities.planCatchUp({
    ...{ jobId: job.jobId, request: job.request, changeToken: job.plan.changeToken!, round: 1 },
    firstIndex: job.plan.partitions.length,
  });
  const pages = await rig.fill(job, round.partitions);
  expect(countsOf(pages)).toMatchObject({
    ...{ records: 1, again: 79, chunks: 1, embedded: 1, reused: 0 },
    failed: { malformed: 5 },
  });
  expect(await rig.verify(job)).toMatchObject({ ok: true, points: 80 });
  expect((await rig.end(job)).finished.failed).toBe(8);
});

test('catch-up brings what was appended meanwhile', async () => {
  const rig = rigFor('caught-up');
  rig.write(recordsOf(20));
  const job = await rig.begin();
  const token = job.plan.changeToken;
  expect(token).not.toBeNull();
  const catchUp = (changeToken: string, round: number) =>
    rig.activities.planCatchUp({
      ...{ jobId: job.jobId, request: job.request, changeToken, round },
      firstIndex: job.plan.partitions.length,
    });
  expect(await catchUp(token!, 1)).toMatchObject({ partitions: [], records: 0 });
  rig.write(recordsOf(25));
  const round = await catchUp(token!, 1);
  expect(round.partitions.every((partition) => partition.round === 1)).toBe(true);
  await rig.fill(job, round.partitions);
  expect(await rig.verify(job)).toMatchObject({ ok: true, points: 25 });
  expect(await catchUp(round.changeToken, 2)).toMatchObject({ partitions: [], records: 0 });
});
