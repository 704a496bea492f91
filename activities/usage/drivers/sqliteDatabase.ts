import { chmod, mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Client, createClient } from '@libsql/client';
import type { Database } from '../database.ts';

/** For another process's transaction; the whole process waits, ms. */
const busyMs = 5_000;

/** A database in a file that only this user may read; several processes of a host may use it. */
export async function openSqlite(path: string): Promise<Database> {
  const file = resolve(path);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // SQLite gives its log and its index the mode of the database itself.
  await (await open(file, 'a', 0o600)).close();
  await chmod(file, 0o600);
  const client = createClient({ url: pathToFileURL(file).href, timeout: busyMs, concurrency: 1 });
  await client.execute('PRAGMA journal_mode = WAL');
  return {
    async transaction(statements) {
      await client.batch([...statements], 'write');
    },
    async rows(statement) {
      return (await client.execute(statement)).rows as unknown as Record<string, unknown>[];
    },
    migrate: (migrations) => migrate(client, migrations),
    async close() {
      client.close();
    },
  };
}

async function migrate(client: Client, migrations: readonly (readonly string[])[]): Promise<void> {
  // A write transaction from its beginning: of two processes one waits, and then finds it done.
  const transaction = await client.transaction('write');
  try {
    await transaction.execute(
      'CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, applied_at BIGINT NOT NULL)',
    );
    const { rows } = await transaction.execute('SELECT max(version) AS version FROM migrations');
    const version = Number(rows[0]?.version ?? 0);
    for (const [index, statements] of migrations.entries()) {
      if (index < version) continue;
      for (const sql of statements) await transaction.execute(sql);
      await transaction.execute({
        sql: 'INSERT INTO migrations (version, applied_at) VALUES (?, ?)',
        args: [index + 1, Date.now()],
      });
    }
    await transaction.commit();
  } finally {
    transaction.close();
  }
}
