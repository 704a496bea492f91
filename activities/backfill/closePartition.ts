import type { BackfillJob } from '../../workflows/contracts/backfill/pages.ts';
import type { Paths } from '../platform/paths.ts';
import { createJobFiles, type JobFiles } from './jobFiles.ts';

export type ClosePartition = (input: BackfillJob & { partition: number }) => Promise<void>;

/** Removes what a partition needed while it was filled, once all stores have it. Idempotent. */
export function createClosePartition(deps: { paths: Paths; files?: JobFiles }): ClosePartition {
  const files = deps.files ?? createJobFiles(deps.paths);
  return async ({ jobId, partition }) => {
    await files.removePages(jobId, partition);
    await files.useLedger(jobId, (ledger) => ledger.closePartition(partition));
  };
}
