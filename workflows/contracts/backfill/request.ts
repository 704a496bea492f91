import type { SourceSpec } from './source.ts';

export const storeKinds = ['chroma', 'qdrant', 'weaviate', 'pgvector', 'lancedb', 'noop'] as const;
export type StoreKind = (typeof storeKinds)[number];

/** A store by kind and place, without credentials: those come by environment. */
export interface StoreRef {
  kind: StoreKind;
  /** `http://host:port`, `postgres://user@host/db`, a folder for lancedb; null: the stack's own. */
  url: string | null;
}

/** `chroma`, `qdrant=http://127.0.0.1:6333`: how people and logs name a store. */
export const formatStoreRef = ({ kind, url }: StoreRef): string =>
  url === null ? kind : `${kind}=${url}`;

export type Pooling = 'mean' | 'cls' | 'last';

/** What makes vectors comparable: two specs that are equal give the same vector for the same text. */
export interface EmbeddingSpec {
  /** Of the model's plaintext tree; `endpoint:<sha256>` for a model behind an address. */
  contentDigest: string;
  pooling: Pooling;
  normalize: boolean;
  dimensions: number;
  /** Longest input of the model, tokens. */
  maxTokens: number;
}

/** Who embeds. */
export type EmbedderRequest =
  /** An ingested model, `name:tag` or by digest, on leased devices. */
  | { kind: 'model'; ref: string }
  /** An OpenAI-compatible `…/v1`; its key is in the environment (BERTH_EMBEDDER_KEY). */
  | { kind: 'endpoint'; url: string; model: string };

export interface SplitterRequest {
  /** Longest chunk, tokens of the embedding model; null: what the model takes. */
  maxTokens: number | null;
  overlapTokens: number;
}

export type PayloadIndexType = 'keyword' | 'integer' | 'float' | 'boolean' | 'datetime';
export interface PayloadIndex {
  field: string;
  type: PayloadIndexType;
}

/** How a new collection is laid out; what a store cannot do is refused, not skipped. */
export interface CollectionLayout {
  payloadIndexes: PayloadIndex[];
  /** Full-text index over the chunks, for hybrid search. */
  fullText: boolean;
  quantization: 'none' | 'scalar' | 'binary' | 'half';
  /** Metadata field whose value separates tenants; null: none. */
  tenantField: string | null;
}

export interface VerificationRequest {
  /** Points that are read back, and searched for; 0 switches it off. */
  sample: number;
  /** Least recall@10 of the store against brute force. */
  minRecall: number;
  /** JSONL of {query, id}: the record must be among the first ten. */
  knownItems: string | null;
  /** Least share of known items that are found. */
  minKnownItems: number;
}

/** A window of each day in minutes after midnight UTC; over midnight where `from > to`. */
export interface DailyWindow {
  fromMinute: number;
  toMinute: number;
}

/** What a person can change while a job runs. */
export interface BackfillControl {
  paused: boolean;
  /** Records a second over the whole job; null: as fast as it goes. */
  recordsPerSecond: number | null;
  /** Partitions at a time, each on a device of its own. */
  concurrency: number;
}

/** What a person asks for; checked at the edge, then passed to the workflow as it is. */
export interface BackfillRequest {
  source: SourceSpec;
  collection: string;
  /** At least one, no two alike. */
  stores: StoreRef[];
  embedder: EmbedderRequest;
  /** null: as the model's own files say, else mean. */
  pooling: Pooling | null;
  normalize: boolean | null;
  /** Cuts vectors, for Matryoshka models; null: the model's. */
  dimensions: number | null;
  splitter: SplitterRequest;
  layout: CollectionLayout;
  /** Records a page: one embed activity, and one write activity for each store. */
  pageRecords: number;
  /** Pages a partition: one child workflow, one lease. */
  partitionPages: number;
  /** A new collection although the old one could be brought up to date. */
  rebuild: boolean;
  deleteMissing: boolean;
  /** Collections of former runs that stay for a rollback. */
  keepPrevious: number;
  verification: VerificationRequest;
  /** Records that may fail before the job does. */
  maxFailures: number;
  control: BackfillControl;
  between: DailyWindow | null;
  /** ISO 8601; a job that is not done by then fails before its switch. */
  deadline: string | null;
  /** Money for one million tokens, for the dry run and the report; null: not known. */
  pricePerMillionTokens: number | null;
  /** Dead letters of this job only: `berth backfill replay`. */
  replayOf: string | null;
}

export interface BackfillInput {
  request: BackfillRequest;
  hostId: string;
  team: string;
  pool?: string;
  dryRun: boolean;
}
