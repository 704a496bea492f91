import type {
  BackfillEstimate,
  BackfillPlan,
  StoreVerification,
} from '../contracts/backfill/activities.ts';
import type { PartitionCounts, StoreTarget } from '../contracts/backfill/pages.ts';
import type { BackfillStage } from '../contracts/backfill/progress.ts';
import type { BackfillControl, BackfillInput } from '../contracts/backfill/request.ts';
import { noCounts } from './counts.ts';
import { emptyQueue, type PartitionQueue } from './partitionQueue.ts';
import type { RateSample } from './rate.ts';

/** Everything that a run hands on when it continues as new: plain JSON. */
export interface BackfillState {
  jobId: string;
  /** Of the first run, ms since the Unix epoch. */
  startedAt: number;
  stage: BackfillStage;
  message: string;
  control: BackfillControl;
  /** Without its partitions, which are queued. */
  plan: Omit<BackfillPlan, 'partitions'> | null;
  estimate: BackfillEstimate | null;
  queue: PartitionQueue;
  /** Partitions that were planned, and those that are done. */
  partitions: { total: number; done: number };
  /** Records of all plans, catch-up included. */
  total: number;
  /** Of partitions that are done. */
  counts: PartitionCounts;
  samples: RateSample[];
  catchUp: { round: number; changeToken: string | null };
  targets: StoreTarget[];
  /** For the result; absent: none. */
  notices?: string[];
  /** By place in `targets`. */
  outcomes: StoreOutcome[];
}

export interface StoreOutcome {
  verification: StoreVerification | null;
  switched: boolean;
  /** The alias may name the new collection although the job failed: it must not be dropped. */
  mayBeNamed: boolean;
  missingDeleted: number;
}

/** Input of every run: what was asked, and how far the runs before got. */
export interface BackfillRunInput extends BackfillInput {
  resume?: BackfillState;
  /** History length at which a run, and a partition's, hands over; else the server's suggestion. */
  maxHistoryLength?: number;
}

export function startState(jobId: string, input: BackfillInput, now: number): BackfillState {
  return {
    jobId,
    startedAt: now,
    stage: 'plan',
    message: 'starting',
    control: input.request.control,
    plan: null,
    estimate: null,
    queue: emptyQueue(),
    partitions: { total: 0, done: 0 },
    total: 0,
    counts: noCounts(),
    samples: [],
    catchUp: { round: 0, changeToken: null },
    targets: [],
    outcomes: [],
  };
}
