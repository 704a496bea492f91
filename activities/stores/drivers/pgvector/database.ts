import pg from 'pg';
import { berthError } from '../../../../workflows/contracts/errors.ts';
import { checkStoreUrl } from '../../shared/storeUrl.ts';
import type { StoreDriverOptions } from '../../vectorStore.ts';
import { postgresFailure } from './postgresFailure.ts';

export type Rows = Record<string, unknown>[];
/** Runs one statement on one connection. */
export type Run = (sql: string, values?: unknown[]) => Promise<Rows>;

/** A pool of connections whose errors are Berth's. */
export interface Database {
  /** `pgvector postgres://user@host:5432/db`. */
  where: string;
  /** @param doing what it is for, and the collection that it is about */
  run(doing: string, sql: string, values?: unknown[], physical?: string): Promise<Rows>;
  /** All or nothing. */
  transaction<T>(doing: string, work: (run: Run) => Promise<T>, physical?: string): Promise<T>;
  /** On a connection of its own, outside a transaction, as long as it takes. */
  alone<T>(doing: string, work: (run: Run) => Promise<T>, physical?: string): Promise<T>;
  close(): Promise<void>;
}

const connections = 8;
/** Milliseconds: the longest that a timer takes, 24 days. */
const longest = 2 ** 31 - 1;
/** How long a change of a table waits for those who read it. */
const lockMs = 10_000;

// Of every connection, so that a search is one statement. A filter may leave few of the nearest:
// the scan then goes on until it has enough (pgvector 0.8, iterative index scans).
const settings = [
  `lock_timeout=${lockMs}`,
  'hnsw.ef_search=100',
  'hnsw.iterative_scan=relaxed_order',
  'hnsw.max_scan_tuples=200000',
];

/** @throws BerthError InvalidRequest for an address that is none, or that holds a password */
export function openDatabase(options: StoreDriverOptions): Database {
  const { url, env, timeoutMs = 30_000 } = options;
  if (url === null) {
    throw berthError(
      'InvalidRequest',
      'store pgvector: the stack has none of its own; say which: pgvector=postgres://user@host:5432/database',
    );
  }
  const address = checkStoreUrl('pgvector', url, ['postgres:', 'postgresql:'], 'PGPASSWORD');
  const where = `pgvector ${address.protocol}//${address.username}@${address.host}${address.pathname}`;
  address.password = encodeURIComponent(env.PGPASSWORD ?? '');
  const pool = new pg.Pool({
    connectionString: address.href,
    max: connections,
    connectionTimeoutMillis: timeoutMs,
    statement_timeout: timeoutMs,
    // Of a server that does not even end the statement.
    query_timeout: timeoutMs + 5_000,
    application_name: 'berth',
    options: settings.map((setting) => `-c ${setting}`).join(' '),
  });
  // An idle connection that breaks is replaced by the next query, which says what is wrong.
  pool.on('error', () => undefined);
  // One that breaks between two statements of a transaction: the next of them says so. Without a
  // listener it would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));

  async function withClient<T>(
    doing: string,
    physical: string | undefined,
    work: (client: pg.PoolClient) => Promise<T>,
  ): Promise<T> {
    let client: pg.PoolClient | undefined;
    let failed = false;
    try {
      client = await pool.connect();
      return await work(client);
    } catch (error) {
      failed = true;
      throw postgresFailure(error, `${where}: ${doing}`, physical);
    } finally {
      // After a failure it may be in the middle of a transaction, or have other settings: closed.
      client?.release(failed);
    }
  }
  const runner =
    (client: pg.PoolClient, timeout?: number): Run =>
    async (text, values) => {
      const config = { text, values, ...(timeout === undefined ? {} : { query_timeout: timeout }) };
      return (await client.query(config)).rows;
    };

  return {
    where,
    run: (doing, sql, values, physical) =>
      withClient(doing, physical, (client) => runner(client)(sql, values)),
    transaction: (doing, work, physical) =>
      withClient(doing, physical, async (client) => {
        await client.query('BEGIN');
        const result = await work(runner(client));
        await client.query('COMMIT');
        return result;
      }),
    alone: (doing, work, physical) =>
      withClient(doing, physical, async (client) => {
        await client.query('SET statement_timeout = 0');
        await client.query('SET lock_timeout = 0');
        // What nobody waits for any more ends (PostgreSQL 14 or newer).
        await client.query(
          `SELECT set_config(name, '10s', false) FROM pg_settings
            WHERE name = 'client_connection_check_interval'`,
        );
        const result = await work(runner(client, longest));
        await client.query('RESET ALL');
        return result;
      }),
    close: () => pool.end(),
  };
}
