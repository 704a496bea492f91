import { stringify } from 'uuid';
import type { ClaimEntry, SamplePoint } from './ledger.ts';
import { pointKey } from './ledgerKeys.ts';
import { add, type LedgerTables, toSamplePoint } from './ledgerTables.ts';
import { pointId } from './pointIds.ts';

/**
 * Keeps the `limit` points with the smallest ids. UUIDv5 are hashes, so that this is a uniform sample
 * of a corpus of any size, and the same one whoever is first (bottom-k sketch, Cohen and Kaplan 2007).
 * Inside a transaction.
 */
export function offerToSample(
  tables: LedgerTables,
  sourceName: string,
  { recordId, chunks }: ClaimEntry,
  limit: number,
): void {
  if (limit === 0) return;
  for (const [chunk, { text, vector }] of chunks.entries()) {
    const key = pointKey(pointId(sourceName, recordId, chunk));
    const size = tables.totals.get('sampled') ?? 0;
    const known = tables.sample.doesExist(key);
    if (!known && size >= limit) {
      const largest = largestKey(tables);
      if (largest === undefined || Buffer.compare(key, largest) > 0) continue;
      tables.sample.removeSync(largest);
      add(tables, 'sampled', -1);
    }
    if (!known) add(tables, 'sampled', 1);
    const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
    tables.sample.putSync(key, [recordId, chunk, text, bytes]);
  }
}

/** Inside a transaction. */
export function dropFromSample(
  tables: LedgerTables,
  sourceName: string,
  recordId: string,
  chunks: number,
): void {
  if ((tables.totals.get('sampled') ?? 0) === 0) return;
  for (let chunk = 0; chunk < chunks; chunk++) {
    const removed = tables.sample.removeSync(pointKey(pointId(sourceName, recordId, chunk)));
    if (removed) add(tables, 'sampled', -1);
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
