import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { FinishBackfillResult } from '../../workflows/contracts/backfill/activities.ts';
import type { BackfillJob } from '../../workflows/contracts/backfill/pages.ts';
import type { Paths } from '../platform/paths.ts';
import { gatherDeadLetters } from './deadLetters.ts';

export type FinishBackfill = (input: BackfillJob) => Promise<FinishBackfillResult>;

/**
 * Gathers a job's dead letters and removes everything else of it. Idempotent: what is gathered stays,
 * whatever a killed attempt has removed already.
 * @throws BerthError OutOfSpace, ArtifactCorrupt
 */
export function createFinishBackfill({ paths }: { paths: Paths }): FinishBackfill {
  return async ({ jobId }) => {
    const { root, deadLetters } = paths.backfill(jobId);
    const failed = await gatherDeadLetters(paths, jobId);
    await rm(paths.pages(jobId), { recursive: true, force: true });
    if (failed === 0) {
      await rm(root, { recursive: true, force: true });
      return { deadLetters: null, failed };
    }
    for (const name of await readdir(root)) {
      if (name !== basename(deadLetters))
        await rm(join(root, name), { recursive: true, force: true });
    }
    return { deadLetters, failed };
  };
}
