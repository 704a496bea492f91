import { expect, test } from 'vitest';
import { readDeadLetters } from '../../../activities/backfill/deadLetters.ts';
import { createFinishBackfill } from '../../../activities/backfill/finishBackfill.ts';
import { expectExactly } from '../../support/backfill/idSets.ts';
import { openMemorySource, wholePartition } from '../../support/backfill/memorySource.ts';
import { baseRequest, createPageRig } from '../../support/backfill/pageRig.ts';
import { createMemoryStore } from '../../support/stores/memoryStore.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const folder = temporaryFolder('tenants');

test('a record without a text for its tenant is refused, whatever else it holds', async () => {
  const { layout: plain } = baseRequest;
  const layout = { ...plain, tenantField: 'org' };
  const lines = [
    { id: 'a', text: 'one', metadata: { org: 'blue' } },
    { id: 'b', text: 'two', metadata: { org: 7 } },
    { id: 'c', text: 'three', metadata: {} },
    { id: 'd', text: 'four', metadata: { org: ' ' } },
    { id: 'e', text: 'five', metadata: { org: ['blue'] } },
  ];
  const store = createMemoryStore();
  const source = openMemorySource(() => lines);
  const { fill, paths, jobId } = createPageRig({ folder, source, store, request: { layout } });
  const { embedded } = await fill(wholePartition(5));
  expect(embedded[0]).toMatchObject({ records: 1, failed: { 'missing-column': 3 } });
  expectExactly(store.points('docs-v1'), [{ id: 'a', text: 'one' }]);
  await createFinishBackfill({ paths })({ jobId });
  const letters = await readDeadLetters(paths.backfill(jobId).deadLetters);
  const reasons = letters.map(({ reason }) => reason);
  expect(reasons.map((reason) => /holds (.*?), expected a text/.exec(reason)?.[1])).toEqual([
    '7',
    'nothing',
    '" "',
    '["blue"]',
  ]);
  for (const reason of reasons)
    expect(reason).toMatch(/^its tenant field org [^\n]*--tenant-field$/);
});
