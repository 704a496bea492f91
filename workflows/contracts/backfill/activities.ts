import type {
  BackfillJob,
  EmbedPageInput,
  EmbedPageResult,
  StoreTarget,
  WritePageInput,
  WritePageResult,
} from './pages.ts';
import type { BackfillRequest, EmbeddingSpec, StoreRef } from './request.ts';
import type { PartitionBounds, SourcePlan } from './source.ts';

export interface PlanBackfillInput extends BackfillJob {
  request: BackfillRequest;
}

export interface BackfillPlan extends SourcePlan {
  embedding: EmbeddingSpec;
  /** `name@sha256:…`; null with an endpoint. */
  artifact: string | null;
}

/** What a dry run tells. Figures of a sample are scaled to the whole. */
export interface BackfillEstimate {
  records: number;
  chunks: number;
  tokens: number;
  /** Chunks whose vectors are in the cache. */
  reused: number;
  /** Chunks to embed. */
  toEmbed: number;
  /** Records that were looked at. */
  sampled: number;
  failed: number;
  /** From the rate of former jobs with the same model; null: none is known. */
  seconds: number | null;
  /** null: no price was given. */
  cost: number | null;
  /** By formatStoreRef: whether an existing collection is brought up to date or a new one is made. */
  stores: { store: string; inPlace: boolean; current: string | null; points: number }[];
}

export interface PrepareCollectionsInput extends BackfillJob {
  request: BackfillRequest;
  embedding: EmbeddingSpec;
  artifact: string | null;
  /** ISO 8601, of the workflow's clock. */
  createdAt: string;
}

export interface PreparedTarget extends StoreTarget {
  /** What a person should know of it, one line. */
  notice?: string;
}

export interface CatchUpInput extends BackfillJob {
  request: BackfillRequest;
  changeToken: string;
  /** From 1. */
  round: number;
  /** Index of the first partition that it makes. */
  firstIndex: number;
}

export interface CatchUpPlan {
  partitions: PartitionBounds[];
  records: number;
  changeToken: string;
}

export interface StoreStepInput extends BackfillJob {
  request: BackfillRequest;
  embedding: EmbeddingSpec;
  target: StoreTarget;
}

export interface VerificationCheck {
  name: 'count' | 'ids' | 'vectors' | 'recall' | 'known-items';
  ok: boolean;
  /** What was found and what was expected, in one line. */
  detail: string;
  /** What was measured; absent: it was not. */
  value?: number;
}

export interface StoreVerification {
  ok: boolean;
  points: number;
  /** recall@10 against brute force; null: not measured. */
  recall: number | null;
  checks: VerificationCheck[];
  seconds: number;
}

export interface SwitchAliasInput {
  store: StoreRef;
  collection: string;
  /** Physical collection that the alias is to name; null: the alias goes. */
  to: string | null;
  /** What it may name before, beside `to`, so that nobody else's switch is undone; absent: anything. */
  from?: string | null;
}

export interface DropOldInput extends StoreStepInput {
  keepPrevious: number;
}

export interface DeletedMissing {
  records: number;
  points: number;
  /** Why nothing was deleted, for the job's result. */
  notice?: string;
}

export interface FinishBackfillResult {
  /** Absolute path on the host; null: nothing failed. */
  deadLetters: string | null;
  failed: number;
}

/** One collection in one store. */
export interface CollectionInfo {
  collection: string;
  store: string;
  /** null: no alias names any of its versions. */
  current: string | null;
  versions: CollectionVersion[];
}

export interface CollectionVersion {
  physical: string;
  contentDigest: string;
  artifact: string | null;
  dimensions: number;
  points: number;
  createdAt: string;
}

export type FilterValue = string | number | boolean;
/** All of its fields have to match. */
export type SearchFilter = Record<
  string,
  | FilterValue
  | { in?: FilterValue[]; not?: FilterValue; gte?: number | string; lte?: number | string }
>;

export interface SearchInput {
  store: StoreRef;
  collection: string;
  query: string;
  filter: SearchFilter | null;
  hybrid: boolean;
  tenant: string | null;
  top: number;
}

export interface SearchHit {
  /** Of the record in its source. */
  recordId: string;
  chunk: number;
  /** Higher is nearer: cosine similarity, or a fused rank score with `hybrid`. */
  score: number;
  text: string;
  metadata: Record<string, unknown>;
  /** Its metadata is too long to travel with the others'; absent: it is there. */
  metadataLeftOut?: boolean;
}

/** One read: which collection answered, and whose vectors it holds. */
export interface SearchResult {
  collection: string;
  physical: string;
  contentDigest: string;
  hits: SearchHit[];
  seconds: number;
}

/** Activities of the host worker for backfills. */
export interface BackfillActivities {
  planBackfill(input: PlanBackfillInput): Promise<BackfillPlan>;
  estimateBackfill(input: PlanBackfillInput & { plan: BackfillPlan }): Promise<BackfillEstimate>;
  prepareCollections(input: PrepareCollectionsInput): Promise<PreparedTarget[]>;
  /** With an endpoint as embedder; else a device's activity of that name. */
  embedPage(input: EmbedPageInput): Promise<EmbedPageResult>;
  /** @throws PageLost when the page's file is gone: it has to be embedded again. */
  writePage(input: WritePageInput): Promise<WritePageResult>;
  /** Removes the page files of a partition that is written. Idempotent. */
  closePartition(input: BackfillJob & { partition: number }): Promise<void>;
  planCatchUp(input: CatchUpInput): Promise<CatchUpPlan>;
  /** Builds what was put off while loading, and waits until all of it is searchable. */
  finishLoad(input: StoreStepInput): Promise<{ seconds: number }>;
  verifyCollection(input: StoreStepInput): Promise<StoreVerification>;
  /** @returns physical collection that the alias named before */
  switchAlias(input: SwitchAliasInput): Promise<{ previous: string | null }>;
  deleteMissing(input: StoreStepInput): Promise<DeletedMissing>;
  dropOldCollections(input: DropOldInput): Promise<{ dropped: string[] }>;
  /** Drops a new collection that will not be switched to. Idempotent. */
  abandonCollection(input: StoreStepInput): Promise<void>;
  /** Gathers the dead letters, keeps them and what a replay needs, and removes everything else. */
  finishBackfill(input: BackfillJob & { request: BackfillRequest }): Promise<FinishBackfillResult>;
  listCollections(input: { stores: StoreRef[] | null }): Promise<CollectionInfo[]>;
}

/** Activities of a device worker for backfills: under a live lease. */
export interface EmbeddingActivities {
  embedPage(input: EmbedPageInput): Promise<EmbedPageResult>;
}

export interface EmbedQueriesInput extends BackfillJob {
  request: BackfillRequest;
  embedding: EmbeddingSpec;
  artifact: string | null;
}

/** Activities of the query worker, which embeds single texts without a lease. */
export interface QueryActivities {
  searchCollection(input: SearchInput): Promise<SearchResult>;
  /**
   * Embeds the queries of `verification.knownItems` into a file of the job, before its stores are
   * verified. Idempotent; nothing to do without such a file.
   */
  embedQueries(input: EmbedQueriesInput): Promise<{ queries: number }>;
}
