import type { BackfillEstimate, StoreVerification } from './activities.ts';
import type { PartitionCounts } from './pages.ts';
import type { BackfillControl } from './request.ts';

export type BackfillStage =
  | 'plan'
  | 'fill'
  | 'catch-up'
  | 'index'
  | 'verify'
  | 'switch'
  | 'done'
  | 'failed';

/** Answer of the `backfillProgress` query. */
export interface BackfillProgress {
  jobId: string;
  stage: BackfillStage;
  /** What is happening, one line. */
  message: string;
  control: BackfillControl;
  /** Outside its window of the day. */
  outsideWindow: boolean;
  /** Records planned. */
  total: number;
  partitions: { done: number; running: number; total: number };
  counts: PartitionCounts;
  /** Over the last minutes; 0 until known. */
  recordsPerSecond: number;
  etaSeconds: number | null;
  startedAt: string;
  stores: StoreProgress[];
}

export interface StoreProgress {
  store: string;
  physical: string;
  inPlace: boolean;
  verification: StoreVerification | null;
  switched: boolean;
}

export interface BackfillResult {
  workflowId: string;
  jobId: string;
  collection: string;
  records: number;
  chunks: number;
  tokens: number;
  embedded: number;
  reused: number;
  failed: number;
  deadLetters: string | null;
  seconds: number;
  contentDigest: string;
  stores: StoreResult[];
  /** What a person should know, one line each; absent: nothing. */
  notices?: string[];
  /** Only of a dry run, which has nothing else to tell. */
  estimate: BackfillEstimate | null;
}

export interface StoreResult {
  store: string;
  physical: string;
  previous: string | null;
  inPlace: boolean;
  points: number;
  written: number;
  unchanged: number;
  removed: number;
  missingDeleted: number;
  recall: number | null;
}
