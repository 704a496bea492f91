import type { Database, SqlValue, Statement } from './database.ts';
import { migrations } from './migrations.ts';
import { leaseColumns, leaseValues, toRecord, toUse, useColumns, useValues } from './usageRows.ts';
import type { UsageFilter, UsageStore } from './usageStore.ts';

/** Rows a statement: far below SQLite's 32,766 and Postgres's 65,535 arguments. */
const rowsAtOnce = 200;

/** A usage store in any database that speaks the SQL of database.ts. */
export async function createSqlUsageStore(database: Database): Promise<UsageStore> {
  await database.migrate(migrations);
  return {
    async record(records) {
      // In one order: two writers of the same leases would wait for each other for ever.
      const rows = inOrder(records.map(leaseValues));
      const conflict = 'ON CONFLICT (lease_id) DO NOTHING';
      await write(inserts('leases', leaseColumns, rows, conflict));
    },
    async recordUse(uses) {
      const rows = inOrder(uses.map(useValues));
      const conflict =
        'ON CONFLICT (lease_id, device_id, since) DO UPDATE SET samples = excluded.samples, ' +
        'utilization = excluded.utilization, peak_mib = excluded.peak_mib';
      await write(inserts('lease_use', useColumns, rows, conflict));
    },
    async leases(filter = {}) {
      const { sql, args } = matching(filter);
      return (await database.rows({ sql: `SELECT * ${sql}`, args })).map(toRecord).reverse();
    },
    async uses(filter = {}) {
      const { sql, args } = matching(filter);
      const query = `SELECT * FROM lease_use WHERE lease_id IN (SELECT lease_id ${sql}) ORDER BY lease_id, device_id, since`;
      return (await database.rows({ sql: query, args })).map(toUse);
    },
    close: () => database.close(),
  };

  async function write(statements: Statement[]): Promise<void> {
    if (statements.length > 0) await database.transaction(statements);
  }
}

function inOrder(rows: SqlValue[][]): SqlValue[][] {
  const unique = new Map(rows.map((row) => [JSON.stringify(row.slice(0, 3)), row]));
  return [...unique.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function inserts(
  table: string,
  columns: readonly string[],
  rows: SqlValue[][],
  conflict: string,
): Statement[] {
  const row = `(${columns.map(() => '?').join(', ')})`;
  const statements: Statement[] = [];
  for (let from = 0; from < rows.length; from += rowsAtOnce) {
    const some = rows.slice(from, from + rowsAtOnce);
    const values = some.map(() => row).join(', ');
    statements.push({
      sql: `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${values} ${conflict}`,
      args: some.flat(),
    });
  }
  return statements;
}

function matching({ pool, team, since, profileKey, limit }: UsageFilter): Statement {
  const conditions: string[] = [];
  const args: SqlValue[] = [];
  const where = (condition: string, ...values: SqlValue[]): void => {
    conditions.push(condition);
    args.push(...values);
  };
  if (pool !== undefined) where('pool = ?', pool);
  // No LIKE: an underscore in a team's name is no wildcard.
  if (team !== undefined) {
    where('(team = ? OR substr(team, 1, ?) = ?)', team, team.length + 1, `${team}/`);
  }
  if (since !== undefined) where('ended_at > ?', since);
  if (profileKey !== undefined) where('profile_key = ?', profileKey);
  const filter = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')} `;
  const latest = limit === undefined ? '' : ' LIMIT ?';
  if (limit !== undefined) args.push(limit);
  return { sql: `FROM leases ${filter}ORDER BY ended_at DESC, lease_id DESC${latest}`, args };
}
