import type { PartitionControl, PartitionProgress } from './pages.ts';
import type { BackfillControl } from './request.ts';

/** Names of messages, here so that clients need no workflow code. */
export const backfillQueries = { progress: 'backfillProgress' } as const;
export const backfillUpdates = {
  /** Takes a Partial<BackfillControl>, answers with the control that holds from now on. */
  control: 'controlBackfill',
} as const;
export const backfillSignals = {
  /** Partition → its job. */
  partitionProgress: 'partitionProgress',
} as const;
export const partitionSignals = {
  /** Job → its partitions. */
  control: 'controlPartition',
} as const;

export type ControlChange = Partial<BackfillControl>;
export type { PartitionControl, PartitionProgress };

/** One job a collection at a time: two would verify and switch past each other. */
export const backfillWorkflowId = (collection: string): string => `backfill/${collection}`;

export const partitionWorkflowId = (workflowId: string, index: number): string =>
  `${workflowId}/partition-${index}`;

/**
 * `docs`, `team-docs`: also a valid name in every store, with `-v<number>` behind it. `docs-v2` would
 * be the second version of `docs`.
 */
export const collectionPattern = /^(?!.*-v\d+$)[a-z][a-z0-9-]{1,45}[a-z0-9]$/;

export const physicalName = (collection: string, version: number): string =>
  `${collection}-v${version}`;
