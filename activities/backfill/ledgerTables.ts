import type { Database, RootDatabase } from 'lmdb';
import type { SamplePoint } from './ledger.ts';

/** Tuples, because names in every value would double the file. */
export type RecordRow = [
  /** Only of ids that are too long for a key. */
  recordId: string | null,
  partition: number,
  page: number,
  position: number,
  round: number,
  chunks: number,
  mostChunks: number,
  digest: Buffer,
  /** An earlier round had it just so. */
  again: boolean,
];

export type SampleRow = [recordId: string, chunk: number, text: string, vector: Buffer];

export interface LedgerTables {
  records: Database<RecordRow, Buffer>;
  /** Ids that a page claimed, while it may be tried again. */
  pages: Database<string[], Buffer>;
  /** Ids that failed before the ledger, with the page. */
  failed: Database<[partition: number, page: number], Buffer>;
  /** What a page added to `failed`, and how many without an id. */
  pageFailures: Database<[ids: string[], unnamed: number], Buffer>;
  refused: Database<string[], Buffer>;
  /** Page, step and store that told first of a failed record. */
  failureOwners: Database<string, Buffer>;
  /** Bottom-k sketch: as many points as the sample has, those with the smallest keys. */
  sample: Database<SampleRow, Buffer>;
  totals: Database<number, string>;
}

export function openTables(root: RootDatabase): LedgerTables {
  const table = <V>(name: string) =>
    root.openDB<V, Buffer>({ name, encoding: 'msgpack', keyEncoding: 'binary' });
  return {
    records: table('records'),
    pages: table('pages'),
    failed: table('failed'),
    pageFailures: table('pageFailures'),
    refused: table('refused'),
    failureOwners: table('failureOwners'),
    sample: table('sample'),
    totals: root.openDB<number, string>({ name: 'totals' }),
  };
}

const totalNames = ['records', 'points', 'sampled', 'unnamed'] as const;
export type Totals = Record<(typeof totalNames)[number], number>;

export function readTotals({ totals }: LedgerTables): Totals {
  const of = (name: keyof Totals) => totals.get(name) ?? 0;
  return {
    records: of('records'),
    points: of('points'),
    sampled: of('sampled'),
    unnamed: of('unnamed'),
  };
}

export function putTotals({ totals }: LedgerTables, values: Totals): void {
  for (const name of totalNames) totals.putSync(name, values[name]);
}

export function toSamplePoint(id: string, [recordId, chunk, text, bytes]: SampleRow): SamplePoint {
  // A copy: LMDB's bytes are not aligned and do not outlive the transaction.
  const vector = new Float32Array(new Uint8Array(bytes).buffer);
  return { id, vector, text, recordId, chunk };
}
