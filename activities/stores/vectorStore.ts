import type { SearchFilter } from '../../workflows/contracts/backfill/activities.ts';
import type {
  CollectionLayout,
  EmbedderRequest,
  EmbeddingSpec,
  PayloadIndex,
  StoreKind,
} from '../../workflows/contracts/backfill/request.ts';

/** What makes a collection; kept with it in the store, so that one read tells whose vectors it holds. */
export interface CollectionSpec {
  /** The alias that it was made for. */
  collection: string;
  embedding: EmbeddingSpec;
  /** Of the model, `name@sha256:…`; null: an endpoint's. */
  artifact: string | null;
  /** Who embeds a query of it. */
  embedder: EmbedderRequest;
  splitter: { maxTokens: number; overlapTokens: number; version: string };
  layout: CollectionLayout;
  /** Job that made it. */
  jobId: string;
  /** ISO 8601. */
  createdAt: string;
}

/** One chunk. Ids are UUIDv5 of source, record and chunk (activities/backfill/pointIds.ts). */
export interface Point {
  id: string;
  /** `dimensions` values, finite. */
  vector: Float32Array;
  text: string;
  metadata: Record<string, unknown>;
  /** `source.name` of the request: a collection may hold several sources. */
  sourceName: string;
  /** Of the record in its source. */
  recordId: string;
  chunk: number;
  /** Chunks of its record. */
  chunks: number;
  /** SHA-256 of what its record was made of: equal digest, nothing to write. */
  recordDigest: string;
}

export type StoredPoint = Omit<Point, 'vector'> & { vector: Float32Array | null };

/** What a store can do; the rest is refused with StoreUnsupported, never skipped silently. */
export interface StoreCapabilities {
  /** `native`: the store's own; `fused`: reciprocal rank fusion by Berth over full text and vectors. */
  hybrid: 'native' | 'fused' | 'none';
  /** `native`: an atomic alias of the store's own; `pointer`: kept by Berth in the store. */
  aliases: 'native' | 'pointer';
  payloadIndexes: boolean;
  tenants: boolean;
  quantization: readonly CollectionLayout['quantization'][];
  /** Loads first and builds its index afterwards. */
  bulkLoad: boolean;
  /** Can search without its index, for recall. */
  exactSearch: boolean;
  maxDimensions: number;
}

export interface StoreLimits {
  /** Points a request at which it is fastest. */
  bestBatch: number;
  maxBatch: number;
  /** Requests at a time at which it is fastest. */
  parallel: number;
}

export interface StoreQuery {
  vector: Float32Array;
  limit: number;
  filter?: SearchFilter;
  tenant?: string;
  /** With it and `hybrid`, text and vector are searched and fused. */
  text?: string;
  hybrid?: boolean;
  /** Brute force, where the store can (`exactSearch`). */
  exact?: boolean;
}

export interface StoreHit {
  point: StoredPoint;
  /** Higher is nearer: cosine similarity, or a fused rank score. */
  score: number;
}

export interface StoredCollection {
  physical: string;
  spec: CollectionSpec;
}

/**
 * One vector store, by its official client. All methods may be repeated; names are physical.
 * @throws BerthError everywhere: StoreUnavailable (down, time-out, 5xx; retryable), StoreThrottled
 *   (429; retryable, `details.retryAfterMs` when the store says), StoreRejected (400: these points,
 *   for good), CredentialsRefused (401, 403), CollectionNotFound, DimensionMismatch, StoreUnsupported
 */
export interface VectorStore {
  readonly kind: StoreKind;
  readonly capabilities: StoreCapabilities;
  /** As the store tells now. */
  limits(dimensions: number): Promise<StoreLimits>;
  /** Makes it; the same spec again changes nothing. @throws DimensionMismatch when it is another's */
  createCollection(physical: string, spec: CollectionSpec): Promise<void>;
  /** undefined when there is none, or it is not Berth's. */
  readSpec(physical: string): Promise<CollectionSpec | undefined>;
  /** Berth's own, of one collection or of all. */
  listCollections(collection?: string): Promise<StoredCollection[]>;
  /** Nothing to drop is no error. */
  dropCollection(physical: string): Promise<void>;
  /** Adds or replaces, at most `maxBatch`; durable and readable when it resolves. */
  upsert(physical: string, points: readonly Point[]): Promise<void>;
  /** Absent ids are no error. */
  deletePoints(physical: string, ids: readonly string[]): Promise<void>;
  count(physical: string): Promise<number>;
  /** Those that are there, in no order. */
  readPoints(
    physical: string,
    ids: readonly string[],
    options: { vectors: boolean },
  ): Promise<StoredPoint[]>;
  /** All points, page by page; stable while nobody writes. */
  scan(physical: string, options: { vectors: boolean }): AsyncIterable<StoredPoint[]>;
  /** Best first. @throws StoreUnsupported for what its capabilities deny */
  search(physical: string, query: StoreQuery): Promise<StoreHit[]>;
  addPayloadIndex(physical: string, index: PayloadIndex): Promise<void>;
  /** Before a new collection is filled: puts the index off, where that is faster. */
  beginLoad(physical: string): Promise<void>;
  /** Builds what was put off and resolves when all points are searchable. */
  finishLoad(physical: string): Promise<void>;
  /** Atomic for readers. null removes the alias. @returns what it named before */
  switchAlias(collection: string, physical: string | null): Promise<string | null>;
  /** One read: where the alias points, and that collection's spec. */
  resolveAlias(collection: string): Promise<StoredCollection | undefined>;
  close(): Promise<void>;
}

/** Where a driver finds its store and credentials. */
export interface StoreDriverOptions {
  /** null: the stack's own, whose address is `stackUrl`. */
  url: string | null;
  stackUrl: string | null;
  env: NodeJS.ProcessEnv;
  /** Milliseconds a request may take; default 30,000. */
  timeoutMs?: number;
  /**
   * Where a driver keeps what has to outlive its process; all processes of a host use the same one.
   * Without it that is forgotten.
   */
  folder?: string;
}

export type OpenStore = (options: StoreDriverOptions) => Promise<VectorStore>;
