import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import {
  backfillQueries,
  backfillSignals,
  backfillUpdates,
  type ControlChange,
  type PartitionControl,
  type PartitionProgress,
  partitionSignals,
} from '../contracts/backfill/messages.ts';
import type { BackfillProgress } from '../contracts/backfill/progress.ts';
import type { BackfillControl } from '../contracts/backfill/request.ts';

export const backfillProgressQuery = defineQuery<BackfillProgress>(backfillQueries.progress);
export const controlBackfillUpdate = defineUpdate<BackfillControl, [ControlChange]>(
  backfillUpdates.control,
);
export const partitionProgressSignal = defineSignal<[PartitionProgress]>(
  backfillSignals.partitionProgress,
);
export const controlPartitionSignal = defineSignal<[PartitionControl]>(partitionSignals.control);
