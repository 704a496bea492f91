import { stringify } from 'uuid';
import type { ClaimEntry, SamplePoint } from './ledger.ts';
import { type LedgerTables, type Totals, toSamplePoint } from './ledgerTables.ts';
import { pointKey } from './pointIds.ts';

/** The sample while a page is entered: its size and its last point are not asked for each time. */
export interface SampleTurn {
  tables: LedgerTables;
  totals: Totals;
  sourceName: string;
  /** Points that the sample may have. */
  limit: number;
  /** Largest key, when it is known. */
  largest?: Buffer | undefined;
}

/**
 * Keeps the `limit` points with the smallest ids. UUIDv5 are hashes, so that this is a uniform sample
 * of a corpus of any size, and the same one whoever is first (bottom-k sketch, Cohen and Kaplan 2007).
 * Inside a transaction.
 */
export function offerToSample(turn: SampleTurn, { recordId, chunks }: ClaimEntry): void {
  const { tables, totals, sourceName, limit } = turn;
  if (limit === 0) return;
  for (const [chunk, { text, vector }] of chunks.entries()) {
    const key = pointKey(sourceName, recordId, chunk);
    if (totals.sampled >= limit) {
      turn.largest ??= largestKey(tables);
      if (turn.largest === undefined || Buffer.compare(key, turn.largest) > 0) continue;
      tables.sample.removeSync(turn.largest);
      totals.sampled -= 1;
    }
    const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
    tables.sample.putSync(key, [recordId, chunk, text, bytes]);
    totals.sampled += 1;
    turn.largest = undefined;
  }
}

/** Before the same record is offered again, or when it is no more. Inside a transaction. */
export function dropFromSample(turn: SampleTurn, recordId: string, chunks: number): void {
  if (turn.totals.sampled === 0) return;
  for (let chunk = 0; chunk < chunks; chunk++) {
    const key = pointKey(turn.sourceName, recordId, chunk);
    if (!turn.tables.sample.removeSync(key)) continue;
    turn.totals.sampled -= 1;
    turn.largest = undefined;
  }
}

export function readSample(tables: LedgerTables): SamplePoint[] {
  return [...tables.sample.getRange()].map(({ key, value }) =>
    toSamplePoint(stringify(key), value),
  );
}

function largestKey(tables: LedgerTables): Buffer | undefined {
  for (const key of tables.sample.getKeys({ reverse: true, limit: 1 })) return Buffer.from(key);
  return undefined;
}
