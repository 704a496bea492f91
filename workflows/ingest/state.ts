import type { ModulesSummary, ShardPlanSummary } from '../contracts/activities.ts';
import type { IngestInput, IngestProgress } from '../contracts/ingest.ts';
import { startProgress } from './progress.ts';

/** Everything that a run hands on when it continues as new: plain JSON. */
export interface IngestState {
  artifactId: string;
  /** Run that began the job; names it in the manifest whatever run publishes. */
  firstRunId: string;
  progress: IngestProgress;
  leftOut: string[];
  sourceBytes: number;
  listingSha256: string;
  modules: ModulesSummary | null;
  plan: ShardPlanSummary | null;
  /** Shards before this index are sealed. */
  nextShard: number;
}

/** Input of every run: what was asked, and how far the runs before got. */
export interface IngestRunInput extends IngestInput {
  resume?: IngestState;
  /** History length at which a run hands over; the server's suggestion when absent. */
  maxHistoryLength?: number;
}

/** 128 random bits in hex; workflow code's Math.random is seeded per run and replays. */
export function mintArtifactId(random: () => number): string {
  return Array.from({ length: 4 }, () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  ).join('');
}

export function startState(artifactId: string, firstRunId: string): IngestState {
  return {
    artifactId,
    firstRunId,
    progress: startProgress(artifactId),
    leftOut: [],
    sourceBytes: 0,
    listingSha256: '',
    modules: null,
    plan: null,
    nextShard: 0,
  };
}
