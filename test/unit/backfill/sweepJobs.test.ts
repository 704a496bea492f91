import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createFinishBackfill } from '../../../activities/backfill/finishBackfill.ts';
import { createJobFiles } from '../../../activities/backfill/jobFiles.ts';
import { sweepJobs } from '../../../activities/backfill/sweepJobs.ts';
import { temporaryName } from '../../../activities/platform/atomicFile.ts';
import { createPaths } from '../../../activities/platform/paths.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const folder = temporaryFolder('sweep-jobs');
const key = { partition: 0, page: 0 };
const failure = { id: 'a', kind: 'malformed', reason: 'r', place: 'line 1', excerpt: '' } as const;
const [terminated, running, finished] = ['1', '2', '3'].map((digit) => digit.repeat(32)) as [
  string,
  string,
  string,
];

test('what terminated backfills left goes, but for their dead letters; open ones keep all', async () => {
  const paths = createPaths(join(folder, 'home'), join(folder, 'shm'));
  const files = createJobFiles(paths);
  for (const jobId of [terminated, running, finished]) {
    await files.writePage(jobId, key, { dimensions: 1, round: 0, records: [] });
    await files.useLedger(jobId, (ledger) => ledger.totals());
    await files.writeDeadLetters(jobId, key, null, [failure]);
  }
  await createFinishBackfill({ paths })({ jobId: finished });
  mkdirSync(join(paths.pagesRoot, 'queries'));
  writeFileSync(paths.embeddingRates, '{}');
  const partial = temporaryName(paths.embeddingRates);
  writeFileSync(partial, '{');
  const asked: string[] = [];
  const sweep = (graceMs: number) =>
    sweepJobs({
      paths,
      graceMs,
      logger: { info() {} },
      async isJobOpen(jobId) {
        asked.push(jobId);
        return jobId === running;
      },
    });

  expect(await sweep(600_000)).toBe(0);
  expect(asked).toEqual([]);
  expect(existsSync(partial)).toBe(true);
  expect(await sweep(0)).toBe(1);
  expect(asked.sort()).toEqual([terminated, running]);
  for (const jobId of [terminated, finished]) {
    expect(readdirSync(paths.backfill(jobId).root)).toEqual(['dead-letters.jsonl']);
    expect(existsSync(paths.pages(jobId))).toBe(false);
  }
  await files.readPage(running, key);
  expect(existsSync(paths.backfill(running).ledger)).toBe(true);
  expect(existsSync(join(paths.pagesRoot, 'queries'))).toBe(true);
  expect(existsSync(paths.embeddingRates)).toBe(true);
  expect(existsSync(partial)).toBe(false);
  expect(await sweep(0)).toBe(0);
});
