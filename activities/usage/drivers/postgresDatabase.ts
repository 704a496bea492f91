import pg from 'pg';
import type { Database, Statement } from '../database.ts';

/** Of Berth's migrations; a number that no other user of the database has by chance. */
const migrationLock = 7_239_016_284;

const connectMs = 10_000;
const statementMs = 60_000;

/** A database that several hosts may share. */
export async function openPostgres(url: string): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: url,
    max: 2,
    connectionTimeoutMillis: connectMs,
    statement_timeout: statementMs,
    application_name: 'berth',
  });
  // An idle connection that breaks is replaced by the next query, which says what is wrong.
  pool.on('error', () => undefined);
  // One that breaks between two statements of a transaction: the next of them says so. Without a
  // listener it would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));

  async function inTransaction(work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
    const client = await pool.connect();
    let failed: Error | undefined;
    try {
      await client.query('BEGIN');
      await work(client);
      await client.query('COMMIT');
    } catch (error) {
      failed = error as Error;
      throw error;
    } finally {
      // Not given back in the middle of a transaction: closed instead.
      client.release(failed);
    }
  }

  return {
    transaction: (statements) =>
      inTransaction(async (client) => {
        for (const { sql, args } of statements) await client.query(numbered(sql), args);
      }),
    async rows({ sql, args }: Statement) {
      return (await pool.query(numbered(sql), args)).rows;
    },
    migrate: (migrations) =>
      inTransaction(async (client) => {
        await client.query('SELECT pg_advisory_xact_lock($1)', [migrationLock]);
        await client.query(
          'CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, applied_at BIGINT NOT NULL)',
        );
        const { rows } = await client.query('SELECT max(version) AS version FROM migrations');
        const version = Number(rows[0]?.version ?? 0);
        for (const [index, statements] of migrations.entries()) {
          if (index < version) continue;
          for (const sql of statements) await client.query(sql);
          await client.query('INSERT INTO migrations (version, applied_at) VALUES ($1, $2)', [
            index + 1,
            Date.now(),
          ]);
        }
      }),
    close: () => pool.end(),
  };
}

/** `?` as Postgres counts arguments: `$1`, `$2`, …; no statement has one in a text. */
export function numbered(sql: string): string {
  let count = 0;
  return sql.replace(/\?/g, () => {
    count += 1;
    return `$${count}`;
  });
}
