export const sourceKinds = ['jsonl', 'csv', 'folder', 'parquet', 'postgres', 'synthetic'] as const;
export type SourceKind = (typeof sourceKinds)[number];

/** Where records come from; plain JSON, without credentials: those come by environment. */
export interface SourceSpec {
  kind: SourceKind;
  /**
   * Absolute path of a file or folder; `postgres://user@host:5432/database` without a password;
   * `synthetic:<records>` for benchmarks.
   */
  location: string;
  /** Part of every record's id, so that a corpus that moves stays the same corpus. */
  name: string;
  /** Nobody has said that name: it was taken from the location. */
  nameIsDefault?: true;
  columns: SourceColumns;
  /** Postgres: a table name or a SELECT; keyset paging wraps it. */
  query?: string;
  /** Postgres: column that grows with every change of a row, for catch-up. */
  changedColumn?: string;
}

export interface SourceColumns {
  /** Default: `id` where there is one; a file's path in a folder; else the record's content digest. */
  id?: string;
  /** Joined by an empty line. Default `text`. */
  text: string[];
  /** null: every other column with a plain value. */
  metadata: string[] | null;
}

/**
 * A part of a source with fixed borders, found once and kept: who takes up a job reads between the
 * same borders. Cursors are the driver's own, opaque JSON text of at most 500 characters.
 */
export interface PartitionBounds {
  index: number;
  from: string;
  /** Exclusive; null: to the end of what the plan saw. */
  to: string | null;
  /** Records, or the driver's estimate. */
  records: number;
  /**
   * Catch-up round that made it, from 1; absent: the first pass. A record of a later round replaces
   * the same record of an earlier one, which within a round is a duplicate.
   */
  round?: number;
}

export interface SourcePlan {
  /** Changes when the source's content does: size and times, or a row count and maximum key. */
  fingerprint: string;
  records: number;
  /** Whether `records` was counted. */
  exact: boolean;
  partitions: PartitionBounds[];
  /** State that `planCatchUp` compares with; null where the source cannot tell. */
  changeToken: string | null;
}
