import type { Paths } from '../platform/paths.ts';
import type { Ledger } from './ledger.ts';
import { type OpenLedger, openLmdbLedger } from './lmdbLedger.ts';

/** Runs `work` with a job's ledger. */
export type UseLedger = <T>(jobId: string, work: (ledger: Ledger) => T | Promise<T>) => Promise<T>;

/**
 * The ledgers that are open in this process: LMDB forbids to open one twice, and one that stays open
 * would keep the disk of a finished job.
 */
const opened = new Map<string, { ledger: OpenLedger; users: number }>();
const closing = new Map<string, Promise<void>>();

export function createUseLedger(paths: Paths): UseLedger {
  return async (jobId, work) => {
    const path = paths.backfill(jobId).ledger;
    while (closing.has(path)) await closing.get(path);
    const entry = opened.get(path) ?? { ledger: openLmdbLedger(path), users: 0 };
    opened.set(path, entry);
    entry.users += 1;
    try {
      return await work(entry.ledger);
    } finally {
      entry.users -= 1;
      if (entry.users === 0) {
        opened.delete(path);
        const closed = entry.ledger.close().finally(() => closing.delete(path));
        closing.set(path, closed);
        await closed;
      }
    }
  };
}
