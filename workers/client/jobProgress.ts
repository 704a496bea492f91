import type {
  ActivityProgress,
  IngestProgress,
  IngestStage,
  StageProgress,
} from '../../workflows/contracts/ingest.ts';

/** An activity that is under way or waiting for its worker, as the server describes it. */
export interface PendingActivity {
  type: string;
  /** 1 for the first attempt. */
  attempt: number;
  started: boolean;
  /** Last heartbeat, when it had details. */
  heartbeat?: ActivityProgress;
  /** Message of the attempt before, when it failed. */
  lastFailure?: string;
}

/** A stage with what its running activities have done so far. */
export interface StageView extends StageProgress {
  /** 0 to 1. */
  fraction: number;
  /** Bytes of finished units and, by heartbeats, of the units under way. */
  liveBytes: number;
  /** An activity of it that failed and is tried again. */
  retry: PendingActivity | undefined;
}

/** What a watcher sees of a job. */
export interface JobProgress extends Omit<IngestProgress, 'stages'> {
  workflowId: string;
  stages: StageView[];
  activities: PendingActivity[];
}

const stageOfActivity: Record<string, IngestStage> = {
  inspectSource: 'inspect',
  resolveModules: 'quantize',
  planShards: 'quantize',
  quantizeShard: 'quantize',
  assembleShard: 'quantize',
  sealShard: 'seal',
  sealCarriedFiles: 'seal',
  openCandidate: 'gate',
  evaluateGate: 'gate',
  publishArtifact: 'publish',
};

/** Those whose bytes are a share of one unit of their stage; the others only prepare. */
const unitActivities = new Set([
  'inspectSource',
  'quantizeShard',
  'assembleShard',
  'sealShard',
  'sealCarriedFiles',
  'evaluateGate',
  'publishArtifact',
]);

/** Adds the heartbeats of running activities to what the workflow knows: whole units only. */
export function mergeProgress(
  workflowId: string,
  progress: IngestProgress,
  activities: PendingActivity[],
): JobProgress {
  return {
    ...progress,
    workflowId,
    activities,
    stages: progress.stages.map((stage) => viewStage(stage, activities)),
  };
}

function viewStage(stage: StageProgress, activities: PendingActivity[]): StageView {
  if (stage.state === 'done' || stage.state === 'skipped') {
    return { ...stage, fraction: 1, liveBytes: stage.bytes, retry: undefined };
  }
  const own = activities.filter(({ type }) => stageOfActivity[type] === stage.name);
  const retry = own.find(({ attempt, lastFailure }) => attempt > 1 && lastFailure !== undefined);
  let units = stage.done;
  let liveBytes = stage.bytes;
  for (const { type, heartbeat } of own) {
    if (!unitActivities.has(type) || heartbeat === undefined || heartbeat.totalBytes <= 0) continue;
    units += Math.min(heartbeat.bytes / heartbeat.totalBytes, 1);
    liveBytes += heartbeat.bytes;
  }
  const fraction = stage.total > 0 ? Math.min(units / stage.total, 1) : 0;
  return { ...stage, fraction, liveBytes, retry };
}
