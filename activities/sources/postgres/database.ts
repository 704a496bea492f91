import pg from 'pg';
import { columnValues } from './columnValues.ts';
import { sourceFailure } from './postgresFailure.ts';

const statementTimeoutMs = 15 * 60_000;
const connectTimeoutMs = 15_000;

export type Ask = <Row extends Record<string, unknown>>(
  sql: string,
  values?: unknown[],
) => Promise<Row[]>;

/** Reads only: whatever a query tries to write is refused by the server. */
export interface Database {
  /** One statement. */
  ask: Ask;
  /** All of them see the same state of the database. */
  snapshot<T>(work: (ask: Ask) => Promise<T>): Promise<T>;
  /** Names and types (SQL) of a query's columns, without running it. */
  describe(sql: string): Promise<{ name: string; type: string }[]>;
  close(): Promise<void>;
}

/**
 * @param url Without a password: that comes by PGPASSWORD or ~/.pgpass
 * @throws BerthError CredentialsRefused, SourceUnavailable, InvalidRequest from each method
 */
export function openDatabase(url: string, env: NodeJS.ProcessEnv): Database {
  const pool = new pg.Pool({
    connectionString: withPassword(url, env.PGPASSWORD),
    max: 4,
    idleTimeoutMillis: 30_000,
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: 'berth backfill',
    types: columnValues,
  });
  // An idle connection that the server ends; the next query opens another.
  pool.on('error', () => undefined);
  const settings = [
    'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY',
    `SET statement_timeout = ${statementTimeoutMs}`,
    "SET DateStyle = 'ISO, YMD'",
    "SET TimeZone = 'UTC'",
    'SET extra_float_digits = 1',
  ];
  const ready = new WeakSet<pg.PoolClient>();

  async function use<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let client: pg.PoolClient | undefined;
    let failed: Error | undefined;
    // The server may end a connection between two of its queries.
    const onError = (): void => undefined;
    try {
      client = await pool.connect();
      client.on('error', onError);
      if (!ready.has(client)) {
        for (const setting of settings) await client.query(setting);
        ready.add(client);
      }
      return await work(client);
    } catch (error) {
      failed = error as Error;
      throw sourceFailure(url, error);
    } finally {
      client?.removeListener('error', onError);
      client?.release(failed);
    }
  }

  const asker =
    (client: pg.PoolClient): Ask =>
    async <Row extends Record<string, unknown>>(text: string, values: unknown[] = []) => {
      // The extended protocol takes one statement only.
      const query: pg.QueryConfig & { queryMode: 'extended' } = {
        text,
        values,
        queryMode: 'extended',
      };
      return (await client.query<Row>(query)).rows;
    };

  return {
    ask: (sql, values) => use((client) => asker(client)(sql, values)),
    snapshot: (work) =>
      use(async (client) => {
        await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
        const result = await work(asker(client));
        await client.query('COMMIT');
        return result;
      }),
    describe: (sql) =>
      use(async (client) => {
        const query = { text: `${sql} LIMIT 0`, values: [], queryMode: 'extended' };
        const { fields } = await client.query(query as pg.QueryConfig);
        const types = await asker(client)<{ type: string }>(
          'SELECT format_type(oid, NULL) AS type FROM unnest($1::oid[]) WITH ORDINALITY AS t(oid, n) ORDER BY n',
          [fields.map(({ dataTypeID }) => dataTypeID)],
        );
        return fields.map(({ name }, index) => ({ name, type: types[index]?.type ?? 'text' }));
      }),
    close: () => pool.end(),
  };
}

/** What an address says goes before every other option of `pg`; without a password it looks in ~/.pgpass. */
function withPassword(url: string, password: string | undefined): string {
  if (!password) return url;
  const address = new URL(url);
  address.password = encodeURIComponent(password);
  return address.href;
}
