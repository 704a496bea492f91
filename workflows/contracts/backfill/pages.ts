import type { Lease } from '../lease.ts';
import type { BackfillRequest, EmbeddingSpec, StoreRef } from './request.ts';
import type { PartitionBounds } from './source.ts';

/** A job's files on its host lie in BERTH_HOME/backfills/<jobId>. */
export interface BackfillJob {
  /** 32 hex digits, minted in the workflow. */
  jobId: string;
}

export const failureKinds = [
  'malformed',
  'invalid-utf8',
  'empty-text',
  'too-large',
  'duplicate-id',
  'missing-column',
  'unreadable',
  'embedding-refused',
  'embedding-not-finite',
  'store-refused',
] as const;
export type RecordFailureKind = (typeof failureKinds)[number];
export type FailureCounts = Partial<Record<RecordFailureKind, number>>;

/** The collection of one store that a job fills. */
export interface StoreTarget {
  store: StoreRef;
  /** Physical name, such as `docs-v3`. */
  physical: string;
  /** Whether records are compared with what is there. */
  inPlace: boolean;
  /** Physical collection that the alias names when the job begins; null: none. */
  previous: string | null;
}

/** Everything that the page activities of a job share; small, so that it travels with each of them. */
export interface PageContext extends BackfillJob {
  request: BackfillRequest;
  embedding: EmbeddingSpec;
  /** `name@sha256:…` of the model that embeds; null: an endpoint does. */
  artifact: string | null;
}

export interface EmbedPageInput extends PageContext {
  /** null: the embedder is an endpoint, and the activity runs on the host. */
  lease: Lease | null;
  /** The warm copy; null with an endpoint. */
  modelPath: string | null;
  partition: PartitionBounds;
  /** Number of the page in its partition, from 0. */
  page: number;
  /** Where the page begins; null: at the partition's `from`. */
  cursor: string | null;
}

export interface EmbedPageResult {
  /** Where the next page begins; null: this was the last one. */
  next: string | null;
  /** Without those of `again`; so are chunks, tokens and what was reused. */
  records: number;
  /** Records that an earlier catch-up round had just so; absent: none. */
  again?: number;
  chunks: number;
  tokens: number;
  /** Chunks that were embedded; the others came from the cache. */
  embedded: number;
  reused: number;
  failed: FailureCounts;
  seconds: number;
}

export interface WritePageInput extends BackfillJob {
  request: BackfillRequest;
  embedding: EmbeddingSpec;
  target: StoreTarget;
  partition: number;
  page: number;
}

export interface WritePageResult {
  /** Chunks that were written. */
  written: number;
  /** Records that the collection held as they are. */
  unchanged: number;
  /** Chunks of changed records that are no more. */
  removed: number;
  failed: FailureCounts;
  /** Requests that the store asked to make later. */
  throttled: number;
  seconds: number;
}

export interface PartitionInput extends PageContext {
  hostId: string;
  team: string;
  pool?: string;
  partition: PartitionBounds;
  targets: StoreTarget[];
  /** As it stands when the partition begins; changes come by signal. */
  control: PartitionControl;
  resume?: PartitionState;
}

/** The part of the job's control that one partition obeys. */
export interface PartitionControl {
  paused: boolean;
  /** This partition's share; null: as fast as it goes. */
  recordsPerSecond: number | null;
  /** Least time between two reports to the job: each of them lengthens the job's history. */
  reportSeconds: number;
}

/** Everything that a run of a partition hands on: plain JSON. */
export interface PartitionState {
  page: number;
  cursor: string | null;
  done: boolean;
  counts: PartitionCounts;
}

/** Records of the source that were gone through, some of them more than once. */
export const recordsRead = ({ records, again = 0 }: { records: number; again?: number }): number =>
  records + again;

export interface StoreCounts {
  written: number;
  unchanged: number;
  removed: number;
  throttled: number;
}

export interface PartitionCounts {
  pages: number;
  records: number;
  /** Read again by catch-up rounds, and as they were; absent: none. */
  again?: number;
  chunks: number;
  tokens: number;
  embedded: number;
  reused: number;
  failed: FailureCounts;
  /** By formatStoreRef. */
  stores: Record<string, StoreCounts>;
  /** Pages that were lost with their files and embedded again. */
  remade: number;
}

/** Answer of a partition. */
export interface PartitionReport {
  index: number;
  counts: PartitionCounts;
}

/** What a partition signals to its parent from time to time. */
export interface PartitionProgress extends PartitionReport {
  /** Of the job that it belongs to, which may not be the one that runs under its id by then. */
  jobId?: string;
}
