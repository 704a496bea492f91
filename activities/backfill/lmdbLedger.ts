import { mkdirSync } from 'node:fs';
import { open } from 'lmdb';
import { lmdbFailure, requireLmdbSpace } from '../platform/lmdbSpace.ts';
import { failureHash } from './failureKey.ts';
import type { Ledger, LedgerRecord, LedgerTotals } from './ledger.ts';
import { claimPage } from './ledgerClaim.ts';
import { pageKey, pageOfKey, recordIdOf, recordKey, refusalKey, storeKey } from './ledgerKeys.ts';
import { readSample } from './ledgerSample.ts';
import { type LedgerTables, openTables, type RecordRow, readTotals } from './ledgerTables.ts';

export type OpenLedger = Ledger & { close(): Promise<void> };

/**
 * The ledger in a folder of its own, made where there is none. Transactions are synchronous: they
 * are the only ones of lmdb-js that an exception takes back, and they are on disk when they return.
 * @throws BerthError OutOfSpace
 */
export function openLmdbLedger(path: string): OpenLedger {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  requireLmdbSpace(path);
  // Without noSubdir lmdb takes a path with a dot in its last part for a file.
  const root = open({ path, noSubdir: false, maxDbs: 16, compression: false });
  const tables = openTables(root);

  const write = <T>(work: () => T): T => {
    try {
      return root.transactionSync(work);
    } catch (error) {
      throw lmdbFailure(error, path);
    }
  };
  const totals = (): LedgerTotals => {
    const { records, points } = readTotals(tables);
    return { records, points };
  };
  const refused = (store: string) => refusedRecords(tables, store);

  return {
    claim: (page) => write(() => claimPage(tables, page)),
    find: (recordIds) =>
      recordIds.map((id) => {
        const { key } = recordKey(id);
        const row = tables.records.get(key);
        return row && toRecord(id, row);
      }),
    inSource(recordId) {
      const { key } = recordKey(recordId);
      return tables.records.doesExist(key) || tables.failed.doesExist(key);
    },
    unnamedFailures: () => readTotals(tables).unnamed,
    ownFailures({ partition, page }, store, failures) {
      if (failures.length === 0) return [];
      const owner = JSON.stringify([partition, page, store]);
      return write(() =>
        failures.filter((failure) => {
          const key = failureHash(failure);
          const first = tables.failureOwners.get(key);
          if (first === undefined) tables.failureOwners.putSync(key, owner);
          return first === undefined || first === owner;
        }),
      );
    },
    *records() {
      for (const { key, value } of tables.records.getRange()) {
        yield toRecord(recordIdOf(key) ?? value[0] ?? '', value);
      }
    },
    totals,
    sample: () => readSample(tables),
    setRefused(store, page, recordIds) {
      const key = refusalKey(store, page);
      if (recordIds.length === 0 && !tables.refused.doesExist(key)) return;
      write(() =>
        recordIds.length === 0
          ? tables.refused.removeSync(key)
          : tables.refused.putSync(key, [...recordIds]),
      );
    },
    refused,
    expected(store) {
      const { records, points } = totals();
      const without = refused(store);
      return {
        records: records - without.length,
        points: points - without.reduce((sum, { chunks }) => sum + chunks, 0),
      };
    },
    closePartition(partition) {
      const range = {
        start: pageKey({ partition, page: 0 }),
        end: pageKey({ partition: partition + 1, page: 0 }),
      };
      write(() => {
        for (const key of [...tables.pages.getKeys(range)]) tables.pages.removeSync(key);
      });
    },
    close: () => root.close(),
  };
}

function toRecord(recordId: string, row: RecordRow): LedgerRecord {
  const [, partition, page, position, round, chunks, mostChunks, digest] = row;
  const recordDigest = Buffer.from(digest).toString('hex');
  return { recordId, partition, page, position, round, chunks, mostChunks, recordDigest };
}

/** What a later round claimed again was refused as another version, and counts no more. */
function refusedRecords(tables: LedgerTables, store: string): LedgerRecord[] {
  const start = storeKey(store);
  const end = Buffer.concat([start, Buffer.alloc(9, 0xff)]);
  return [...tables.refused.getRange({ start, end })].flatMap(({ key, value: ids }) => {
    const { partition, page } = pageOfKey(key.subarray(start.length));
    return ids.flatMap((id) => {
      const row = tables.records.get(recordKey(id).key);
      return row && row[1] === partition && row[2] === page ? [toRecord(id, row)] : [];
    });
  });
}
