import type { RecordFailureKind } from '../../workflows/contracts/backfill/pages.ts';
import type {
  PartitionBounds,
  SourceKind,
  SourcePlan,
  SourceSpec,
} from '../../workflows/contracts/backfill/source.ts';

/** One document of a corpus. */
export interface SourceRecord {
  /** Stable: the same record has the same id in every run. At most 500 characters. */
  id: string;
  text: string;
  /** Plain JSON values. */
  metadata: Record<string, unknown>;
}

/** What cannot be read as a record: goes to the dead letters, the rest goes on. */
export interface RecordFailure {
  /** When it could be read. */
  id: string | null;
  kind: RecordFailureKind;
  /** Where, what was found, what was expected: one line. */
  reason: string;
  /** Line, row, path or key within the source. */
  place: string;
  /** The raw text, at most 2,000 characters. */
  excerpt: string;
}

/** A step of reading; `next` is where a reader goes on after it. */
export type SourceItem =
  | { record: SourceRecord; place: string; next: string }
  | { failure: RecordFailure; next: string };

export interface PlanOptions {
  /** Records that a partition should have. */
  partitionRecords: number;
  /** More borders than that make partitions larger. */
  maxPartitions: number;
  /** Folder for what has to be unpacked once; lives as long as the job. */
  scratch: string;
  signal?: AbortSignal;
  onProgress?(done: number, total: number): void;
}

export interface ChangesOptions extends PlanOptions {
  /** Of the plan or of the round before. */
  changeToken: string;
  firstIndex: number;
}

/**
 * One kind of corpus. Reading between the borders of all partitions, in any order and from any
 * cursor on, gives every record of the plan exactly once.
 * @throws BerthError SourceNotAllowed, InvalidRequest (columns, query), SourceChanged when the
 *   content between the borders is no longer what was planned, CredentialsRefused
 */
export interface RecordSource {
  readonly kind: SourceKind;
  plan(options: PlanOptions): Promise<SourcePlan>;
  /** From `cursor` (else the partition's `from`) up to its `to`. Several may be read at a time. */
  read(
    partition: PartitionBounds,
    cursor: string | null,
    options: { scratch: string; signal?: AbortSignal },
  ): AsyncIterable<SourceItem>;
  /**
   * What was added or changed since `changeToken`; no partitions when nothing was. Absent where a
   * source cannot tell.
   */
  changesSince?(
    options: ChangesOptions,
  ): Promise<{ partitions: PartitionBounds[]; records: number; changeToken: string }>;
  close(): Promise<void>;
}

export interface SourceDeps {
  /** BERTH_SOURCES. */
  allowed: readonly string[];
  env: NodeJS.ProcessEnv;
}

export type OpenSource = (spec: SourceSpec, deps: SourceDeps) => Promise<RecordSource>;
