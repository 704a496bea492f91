import type {
  EvictResult,
  ExportResult,
  RemoveResult,
  SweepResult,
  TagResult,
  VerifyResult,
  WarmResult,
} from '../../workflows/contracts/activities.ts';
import type { BackfillClient, BackfillSchedules } from './backfill/backfillClient.ts';
import type { CancelResult } from './cancelJob.ts';
import type { IngestHandle } from './ingestHandle.ts';
import type { IngestOptions } from './ingestOptions.ts';
import type { ModelDetails, ModelListing } from './models.ts';
import type { PoolClient } from './pool/poolClient.ts';
import type { ScheduleSettings } from './scheduledJobs.ts';
import type { EnsuredSchedule, ScheduleAdministration } from './schedules.ts';
import type { DeviceStatus, StackStatus } from './status.ts';
import type { UsageClient } from './usage/usageClient.ts';

export interface ConnectOptions {
  /** State of the stack to talk to; default BERTH_HOME, else `~/.berth`. */
  home?: string;
  /** Environment to read BERTH_* and TEMPORAL_* from; default the process's. */
  env?: NodeJS.ProcessEnv;
  /** Hears, in one line each, of attempts of an operation that failed and are made again. */
  onNotice?: (line: string) => void;
}

/**
 * One host's Berth. A `ref` is `name`, `name:tag` or `name@sha256:<digest>`; sizes are bytes, times
 * seconds. Whatever fails is a `BerthError` with a `type` and a one-line `message`; everywhere
 * possible are `InvalidRequest` (the input has to change) and `StackUnavailable` (nothing runs).
 */
export interface Berth extends BackfillClient {
  /**
   * Starts bringing a model in; returns at once with a handle. The same request while it runs
   * attaches to the job under way. Errors: SourceNotAllowed when the source cannot be read.
   */
  ingest(options: IngestOptions): Promise<IngestHandle>;
  /** Finds an ingest by its workflow id. Errors: InvalidRequest when there is none. */
  attach(workflowId: string): Promise<IngestHandle>;
  /**
   * Asks a job of any kind to stop and waits until it has tidied up. Errors: InvalidRequest when
   * there is none; the job's own failure when it had failed.
   */
  cancel(workflowId: string): Promise<CancelResult>;

  /** All versions in the store. Reads files and checks signatures; needs no running stack. */
  models(): Promise<ModelListing>;
  /** One version. Reads files. Errors: ArtifactNotFound, SignatureInvalid, RollbackDetected. */
  show(ref: string): Promise<ModelDetails>;
  /** Re-reads everything stored of a version; `ok` tells, failures name file and reason. */
  verify(ref: string): Promise<VerifyResult>;
  /**
   * Opens a version into shared memory, or finds the copy that is there. Errors: ArtifactNotFound,
   * ArtifactCorrupt, OutOfSpace, NotWarmable.
   * @param options `pin`: never evicted to make room; `lock`: locked into RAM
   */
  warm(ref: string, options?: { pin?: boolean; lock?: boolean }): Promise<WarmResult>;
  /** Drops a copy; processes that map it keep its memory until they end. */
  evict(ref: string): Promise<EvictResult>;
  /** Writes a plain Hugging Face folder. `directory` must be absent or empty. */
  export(ref: string, directory: string): Promise<ExportResult>;
  /** Points `tag` at the version that `ref` names. Errors: ArtifactNotFound, TagConflict. */
  tag(ref: string, tag: string): Promise<TagResult>;
  /** Removes a version, keys first. Errors: ModelInUse while other tags name it, unless `force`. */
  remove(ref: string, options?: { force?: boolean }): Promise<RemoveResult>;
  /** Removes what no open job and no version needs. */
  sweep(): Promise<SweepResult>;

  /** Devices of this host and where their workers are bound. */
  devices(): Promise<DeviceStatus[]>;
  /** What runs and how it is; also when nothing runs. */
  status(): Promise<StackStatus>;

  schedules: ScheduleAdministration &
    BackfillSchedules & {
      /** Creates or changes the schedule of an ingest; the source is listed at each run. */
      ensureIngest(options: IngestOptions, settings: ScheduleSettings): Promise<EnsuredSchedule>;
      /** Creates or changes the schedule of a warm. */
      ensureWarm(
        ref: string,
        options: { pin?: boolean; lock?: boolean },
        settings: ScheduleSettings,
      ): Promise<EnsuredSchedule>;
    };

  /** A GPU pool; default the first of BERTH_POOL. Errors: InvalidRequest when it is no name. */
  pool(name?: string): PoolClient;
  /** What the ended leases of a pool tell; default `default`. Errors: InvalidRequest when it is no name. */
  usage(pool?: string): UsageClient;

  /** Closes the connection; jobs go on. */
  close(): Promise<void>;
}
