import type { RecordFailure } from '../sources/recordSource.ts';
import type { PageKey } from './pageName.ts';

/** What the ledger keeps of a record that is in a page. */
export interface LedgerRecord extends PageKey {
  recordId: string;
  /** In its page, from 0. */
  position: number;
  /** Catch-up round, 0 for the first pass. */
  round: number;
  chunks: number;
  /** Most chunks that it ever had in this job. */
  mostChunks: number;
  recordDigest: string;
}

/** A point kept for verification, with all that a store should give back. */
export interface SamplePoint {
  id: string;
  vector: Float32Array;
  text: string;
  recordId: string;
  chunk: number;
}

export interface ClaimEntry {
  recordId: string;
  recordDigest: string;
  chunks: readonly { text: string; vector: Float32Array }[];
}

export interface PageClaim extends PageKey {
  round: number;
  /** `source.name`, for the ids of points. */
  sourceName: string;
  /** Points that the whole job's sample may have. */
  sample: number;
  /** In the order of the page; its index is its position. */
  entries: readonly ClaimEntry[];
  /** Records that failed before they got here: in the source, though not in the ledger. */
  failed: readonly { recordId: string | null }[];
}

/** Answer for one entry. */
export type Claimed =
  | {
      kind: 'claimed';
      mostChunks: number;
      /** An earlier catch-up round of this job had it just so. */
      again: boolean;
    }
  /** Another place of the source had this id first. */
  | { kind: 'duplicate'; first: PageKey & { position: number } }
  /** A later catch-up round has a newer version. */
  | { kind: 'superseded' };

export interface LedgerTotals {
  records: number;
  points: number;
}

/**
 * What a job has read, in LMDB: which record is in which page and how many points the stores must
 * have in the end. Several processes of a host use it at once.
 * @throws BerthError OutOfSpace, from everything that writes
 */
export interface Ledger {
  /**
   * Enters a page in one transaction, in place of an earlier attempt at the same page. Of two records
   * with the same id in the same round the first one that is claimed wins, and goes on winning in
   * retries.
   */
  claim(page: PageClaim): Claimed[];
  /** One answer an id, in order. */
  find(recordIds: readonly string[]): (LedgerRecord | undefined)[];
  /**
   * Whether the source has a record of that id, be it that it failed: what is in a store and not
   * in the source any more is what `--delete-missing` may delete.
   */
  inSource(recordId: string): boolean;
  /** Places of the source whose record has no readable id: each may be any record. */
  unnamedFailures(): number;
  /**
   * Those of a page's failures whose record no other page, step or store has told of before: what
   * counts against the failures that a job may have. A retry gets the same answer.
   * @param store as formatStoreRef names it; null: the embedding step
   */
  ownFailures(
    page: PageKey,
    store: string | null,
    failures: readonly RecordFailure[],
  ): RecordFailure[];
  /** All, by the bytes of their ids; what is written meanwhile is not seen. */
  records(): Iterable<LedgerRecord>;
  totals(): LedgerTotals;
  /** The points with the smallest ids, which are hashes: the same ones in whatever order they came. */
  sample(): SamplePoint[];
  /**
   * Records of a page that a store refused for good, in place of what an earlier attempt said.
   * @param store as formatStoreRef names it
   */
  setRefused(store: string, page: PageKey, recordIds: readonly string[]): void;
  /** Of a store; without those that a later round brought again. */
  refused(store: string): LedgerRecord[];
  /** What a store must hold of this job: the totals without what it refused. */
  expected(store: string): LedgerTotals;
  /** Forgets what only a retry of the partition's pages would need. */
  closePartition(partition: number): void;
}
