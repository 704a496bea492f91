import { expect, test } from 'vitest';
import { pointId } from '../../../activities/backfill/pointIds.ts';
import { checkIdsByReading } from '../../../activities/backfill/verification/checkIdsByReading.ts';
import { openMemorySource, wholePartition } from '../../support/backfill/memorySource.ts';
import { baseRequest, createPageRig } from '../../support/backfill/pageRig.ts';
import { hashSpec } from '../../support/backfill/textEmbedding.ts';
import { createMemoryStore } from '../../support/stores/memoryStore.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const folder = temporaryFolder('ids-by-reading');

test('what a large live collection lost or holds in an older version is found', async () => {
  const lines = Array.from({ length: 12 }, (_, number) => ({
    id: `r${number}`,
    text: `${number}/0\n${number}/1`,
  }));
  const store = createMemoryStore();
  const { fill, files, jobId, physical } = createPageRig({
    ...{ folder, store, inPlace: true },
    source: openMemorySource(() => lines),
  });
  await fill(wholePartition(lines.length));
  const target = {
    ...{ store: { kind: 'noop' as const, url: null }, physical },
    ...{ inPlace: true, previous: physical },
  };
  const check = () =>
    files.useLedger(jobId, async (ledger) =>
      checkIdsByReading({
        ...{ store, ledger, points: await store.count(physical) },
        step: { jobId, request: baseRequest, embedding: hashSpec, target },
        pulse: { signal: new AbortController().signal, report() {} },
      }),
    );
  expect(await check()).toMatchObject({ ok: true, detail: 'all 24 points of the job are there' });

  await store.deletePoints(physical, [pointId('corpus', 'r3', 1)]);
  const [old] = await store.readPoints(physical, [pointId('corpus', 'r5', 0)], { vectors: true });
  await store.upsert(physical, [
    { ...old!, vector: old!.vector!, recordDigest: 'of another version' },
  ]);
  // As many points as before: another source's make up for the one that is gone.
  await store.upsert(physical, [
    { ...old!, vector: old!.vector!, id: pointId('other', 'r3', 1), sourceName: 'other' },
  ]);
  expect(await check()).toMatchObject({
    ok: false,
    value: 2,
    detail: '1 missing ("r3" chunk 1), 1 of another version ("r5" chunk 0)',
  });
});
