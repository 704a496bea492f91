import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { artifactIdPattern } from '../../workflows/contracts/ids.ts';
import { listFolder, removePartialFiles } from '../artifacts/store/partials.ts';
import type { Logger } from '../platform/logging.ts';
import type { Paths } from '../platform/paths.ts';
import { createFinishBackfill } from './finishBackfill.ts';

export interface SweepJobsDeps {
  paths: Paths;
  /** Whether the backfill of that job is still under way. */
  isJobOpen(jobId: string): Promise<boolean>;
  logger: Pick<Logger, 'info'>;
  /** What is younger is left alone: its job may not be visible yet. Default 10 min. */
  graceMs?: number;
}

/**
 * Removes what backfills left that were terminated: pages in shared memory, ledgers. Their dead
 * letters are gathered and stay.
 * @returns number of jobs that left something
 */
export async function sweepJobs(deps: SweepJobsDeps): Promise<number> {
  const { paths, isJobOpen, logger, graceMs = 600_000 } = deps;
  const finish = createFinishBackfill({ paths });
  // Of writers that were killed; what a job left goes with it.
  for (const folder of [paths.backfillsRoot, paths.sourcePlaces]) {
    await removePartialFiles(folder, { olderThanMs: graceMs, recursive: false });
  }
  const names = [
    ...(await listFolder(paths.pagesRoot)),
    ...(await listFolder(paths.backfillsRoot)),
  ];
  let swept = 0;
  for (const jobId of new Set(names)) {
    // Job ids have the form of artifact ids: 128 random bits.
    if (!artifactIdPattern.test(jobId) || !(await leftSomething(paths, jobId))) continue;
    if ((await ageMs(paths, jobId)) < graceMs || (await isJobOpen(jobId))) continue;
    logger.info({ jobId }, 'sweeping what an ended backfill left');
    await finish({ jobId });
    swept += 1;
  }
  return swept;
}

/** More than what an ended job is meant to leave. */
async function leftSomething(paths: Paths, jobId: string): Promise<boolean> {
  const { root, deadLetters } = paths.backfill(jobId);
  const pages = await listFolder(paths.pages(jobId));
  const kept = await listFolder(root);
  return pages.length > 0 || kept.length !== 1 || kept[0] !== basename(deadLetters);
}

/** Time since one of a job's folders was last changed. */
async function ageMs(paths: Paths, jobId: string): Promise<number> {
  const { root, ledger } = paths.backfill(jobId);
  const places = [paths.pages(jobId), root, ledger, join(ledger, 'data.mdb')];
  const found = await Promise.all(places.map((path) => stat(path).catch(() => undefined)));
  return Date.now() - Math.max(0, ...found.map((entry) => entry?.mtimeMs ?? 0));
}
