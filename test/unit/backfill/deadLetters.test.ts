import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  gatherDeadLetters,
  readDeadLetters,
  writeDeadLetters,
} from '../../../activities/backfill/deadLetters.ts';
import { createFinishBackfill } from '../../../activities/backfill/finishBackfill.ts';
import { createJobFiles } from '../../../activities/backfill/jobFiles.ts';
import { createPaths } from '../../../activities/platform/paths.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const folder = temporaryFolder('dead-letters');
const paths = createPaths(join(folder, 'home'), join(folder, 'shm'));
let jobs = 0;
const newJob = () => (jobs++).toString(16).padStart(32, '0');

const failure = (
  id: string | null,
  place: string,
  kind: 'malformed' | 'store-refused' = 'malformed',
) => ({
  id,
  kind,
  reason: `${place}: reason`,
  place,
  excerpt: 'raw',
});
const page = (partition: number, number: number) => ({ partition, page: number });

test('a retry of a page replaces its letters, and takes them back', async () => {
  const job = newJob();
  await writeDeadLetters(paths, job, page(0, 0), null, [
    failure('a', 'line 1'),
    failure(null, 'line 2'),
  ]);
  await writeDeadLetters(paths, job, page(0, 0), null, [failure('a', 'line 1')]);
  await writeDeadLetters(paths, job, page(0, 0), 'chroma', [
    failure('b', 'line 3', 'store-refused'),
  ]);
  await writeDeadLetters(paths, job, page(0, 0), 'qdrant=http://q:1/', [
    failure('b', 'line 3', 'store-refused'),
  ]);
  expect(readdirSync(paths.backfill(job).failures)).toHaveLength(3);
  await writeDeadLetters(paths, job, page(0, 0), 'chroma', []);
  expect(await gatherDeadLetters(paths, job)).toBe(2);
  expect(await readDeadLetters(paths.backfill(job).deadLetters)).toEqual([
    { ...failure('a', 'line 1'), step: 'embed', store: null },
    { ...failure('b', 'line 3', 'store-refused'), step: 'write', store: 'qdrant=http://q:1/' },
  ]);
  expect(statSync(paths.backfill(job).deadLetters).mode & 0o777).toBe(0o600);
});

test('letters are gathered in the order of partitions and pages, as numbers', async () => {
  const job = newJob();
  for (const [partition, number] of [
    [10, 0],
    [2, 11],
    [2, 3],
    [0, 0],
  ] as const) {
    const place = `${partition}/${number}`;
    await writeDeadLetters(paths, job, page(partition, number), null, [failure(null, place)]);
  }
  await gatherDeadLetters(paths, job);
  const letters = await readDeadLetters(paths.backfill(job).deadLetters);
  expect(letters.map(({ place }) => place)).toEqual(['0/0', '2/3', '2/11', '10/0']);
});

test('what was gathered stays when a killed attempt had removed some of the pages', async () => {
  const job = newJob();
  await writeDeadLetters(paths, job, page(0, 0), null, [failure('a', 'line 1')]);
  await writeDeadLetters(paths, job, page(0, 1), null, [failure('b', 'line 9')]);
  expect(await gatherDeadLetters(paths, job)).toBe(2);
  rmSync(join(paths.backfill(job).failures, '0-0-embed.jsonl'));
  expect(await gatherDeadLetters(paths, job)).toBe(2);
});

test('a letter that was altered is named by file and line', async () => {
  const job = newJob();
  await writeDeadLetters(paths, job, page(0, 0), null, [failure('a', 'line 1')]);
  await gatherDeadLetters(paths, job);
  const { deadLetters } = paths.backfill(job);
  writeFileSync(deadLetters, `${readFileSync(deadLetters, 'utf8')}{"id":1}\n`);
  await expect(readDeadLetters(deadLetters)).rejects.toMatchObject({
    type: 'ArtifactCorrupt',
    message: expect.stringMatching(/dead-letters\.jsonl:2: no dead letter/),
  });
});

test('a job that ends leaves its dead letters only, or nothing; also when it ends twice', async () => {
  const finish = createFinishBackfill({ paths });
  const files = createJobFiles(paths);
  for (const failures of [[], [failure('a', 'line 1')]]) {
    const jobId = newJob();
    await files.useLedger(jobId, (ledger) => ledger.totals());
    await files.writePage(jobId, page(0, 0), { dimensions: 1, round: 0, records: [] });
    await files.writeDeadLetters(jobId, page(0, 0), null, failures);
    const { root, deadLetters } = paths.backfill(jobId);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const answer = await finish({ jobId });
      expect(answer).toEqual(
        failures.length === 0 ? { deadLetters: null, failed: 0 } : { deadLetters, failed: 1 },
      );
      expect(existsSync(root) ? readdirSync(root) : []).toEqual(
        failures.length === 0 ? [] : ['dead-letters.jsonl'],
      );
      expect(existsSync(paths.pages(jobId))).toBe(false);
    }
  }
});

test('closing a partition removes its pages and what a killed attempt left, no other ones', async () => {
  const jobId = newJob();
  const files = createJobFiles(paths);
  for (const partition of [1, 11]) {
    for (const number of [0, 12]) {
      await files.writePage(jobId, page(partition, number), {
        dimensions: 1,
        round: 0,
        records: [],
      });
    }
  }
  writeFileSync(join(paths.pages(jobId), '.1-13.page.abcdef012345.partial'), 'half');
  await files.removePages(jobId, 1);
  expect(readdirSync(paths.pages(jobId)).sort()).toEqual(['11-0.page', '11-12.page']);
  await files.removePages(newJob(), 1);
});
