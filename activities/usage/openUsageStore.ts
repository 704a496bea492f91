import { berthError } from '../../workflows/contracts/errors.ts';
import type { Database } from './database.ts';
import { openPostgres } from './drivers/postgresDatabase.ts';
import { openSqlite } from './drivers/sqliteDatabase.ts';
import { createSqlUsageStore } from './sqlUsageStore.ts';
import { describeLocation, type UsageLocation } from './usageLocation.ts';
import type { UsageStore } from './usageStore.ts';

/**
 * Opens the database of recorded usage, with its tables.
 * @throws BerthError StackUnavailable when it cannot be opened; here and from every method
 */
export async function openUsageStore(location: UsageLocation): Promise<UsageStore> {
  const fail = (error: unknown) => unavailable(location, error);
  const database = await open(location).catch((error) => {
    throw fail(error);
  });
  const store = await createSqlUsageStore(database).catch(async (error) => {
    await database.close();
    throw fail(error);
  });
  const guarded = <A extends unknown[], R>(method: (...args: A) => Promise<R>) => {
    return (...args: A): Promise<R> =>
      method(...args).catch((error) => {
        throw fail(error);
      });
  };
  return {
    record: guarded(store.record),
    recordUse: guarded(store.recordUse),
    leases: guarded(store.leases),
    uses: guarded(store.uses),
    close: store.close,
  };
}

const open = (location: UsageLocation): Promise<Database> =>
  location.kind === 'sqlite' ? openSqlite(location.path) : openPostgres(location.url);

/** The cause's own words, on one line, and never those of the URL. */
function unavailable(location: UsageLocation, error: unknown): Error {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  const words = [code, message].filter((part) => part !== '').join(': ') || String(error);
  const line = words.replace(/\s*\n\s*/g, ' ').slice(0, 300);
  return berthError(
    'StackUnavailable',
    `usage database ${describeLocation(location)}: ${line}; check BERTH_USAGE`,
  );
}
