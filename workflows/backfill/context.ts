import { setCurrentDetails } from '@temporalio/workflow';
import {
  type PartitionControl,
  type PartitionCounts,
  recordsRead,
} from '../contracts/backfill/pages.ts';
import type { BackfillProgress, BackfillStage } from '../contracts/backfill/progress.ts';
import { formatStoreRef } from '../contracts/backfill/request.ts';
import { failure } from '../contracts/errors.ts';
import { addCounts } from './counts.ts';
import { formatWindow } from './dailyWindow.ts';
import { renderDetails } from './details.ts';
import { etaOf, rateOf } from './rate.ts';
import type { BackfillRunInput, BackfillState } from './state.ts';

/** A partition under way. */
export interface RunningPartition {
  /** As it said last. */
  counts: PartitionCounts;
  tell(control: PartitionControl): void;
}

/** Makes the failure of a job once its dead letters are gathered; null: there are none. */
export type Fault = (deadLetters: string | null) => Error;

/** What the steps of one run of a backfill share. */
export interface BackfillContext {
  input: BackfillRunInput;
  state: BackfillState;
  /** By index. */
  running: Map<number, RunningPartition>;
  outsideWindow: boolean;
  /** Until the window of the day opens, for people; ms since the epoch. */
  opensAt: number | null;
  /** What ends the job before its time, such as its deadline. */
  fault: Fault | null;
  /** The switch has begun: nothing ends the job any more but its own failure. */
  committed: boolean;
  show(message: string): void;
  enter(stage: BackfillStage, message: string): void;
  /** Ends the job with a failure, where it is not committed yet. */
  endWith(fault: Fault): void;
}

/** @param stop cancels what the job is doing */
export function createBackfillContext(
  input: BackfillRunInput,
  state: BackfillState,
  stop: () => void,
): BackfillContext {
  const context: BackfillContext = {
    input,
    state,
    running: new Map(),
    outsideWindow: false,
    opensAt: null,
    fault: null,
    committed: false,
    show(message) {
      state.message = message;
      setCurrentDetails(renderDetails(progressOf(context), Date.now(), context.opensAt));
    },
    enter(stage, message) {
      state.stage = stage;
      context.show(message);
    },
    endWith(fault) {
      if (context.fault !== null || context.committed) return;
      context.fault = fault;
      stop();
    },
  };
  return context;
}

/** Paused by a person, or by the hour. */
export const isHeld = ({ state, outsideWindow }: BackfillContext): boolean =>
  state.control.paused || outsideWindow;

/** Why nothing new begins, in words; null: nothing holds the job. */
function heldBy(context: BackfillContext): string | null {
  const { state, input, committed } = context;
  if (!isHeld(context) || committed) return null;
  if (state.stage === 'done' || state.stage === 'failed') return null;
  if (state.control.paused) return 'paused';
  const { between } = input.request;
  return `waits for its hours${between === null ? '' : `, ${formatWindow(between)}`}`;
}

/** Of all partitions, those under way as they said last. */
export function currentCounts({ state, running }: BackfillContext): PartitionCounts {
  let counts = state.counts;
  for (const partition of running.values()) counts = addCounts(counts, partition.counts);
  return counts;
}

export function progressOf(context: BackfillContext): BackfillProgress {
  const { state, running, outsideWindow } = context;
  const counts = currentCounts(context);
  const recordsPerSecond = isHeld(context) ? 0 : rateOf(state.samples);
  return {
    jobId: state.jobId,
    stage: state.stage,
    message: heldBy(context) ?? state.message,
    control: state.control,
    outsideWindow,
    total: state.total,
    partitions: { ...state.partitions, running: running.size },
    counts,
    recordsPerSecond,
    etaSeconds: etaOf(state.total, recordsRead(counts), recordsPerSecond),
    startedAt: new Date(state.startedAt).toISOString(),
    stores: state.targets.map(({ store, physical, inPlace }, place) => ({
      store: formatStoreRef(store),
      physical,
      inPlace,
      verification: state.outcomes[place]?.verification ?? null,
      switched: state.outcomes[place]?.switched ?? false,
    })),
  };
}

/** @throws ApplicationFailure Unexpected before the job is planned */
export function planOf({ state }: BackfillContext): NonNullable<BackfillState['plan']> {
  if (state.plan === null) throw failure('Unexpected', 'the backfill is not planned yet');
  return state.plan;
}
