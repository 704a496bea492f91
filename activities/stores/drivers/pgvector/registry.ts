import { berthError } from '../../../../workflows/contracts/errors.ts';
import { parseSpec } from '../../shared/collectionSpec.ts';
import type { CollectionSpec, StoredCollection } from '../../vectorStore.ts';
import type { Database, Rows, Run } from './database.ts';
import { aliasesTable, collectionsTable, dataSchema, tableOf, viewOf } from './names.ts';

/** Of Berth's own changes; a number that no other user of the database has by chance. */
const changeLock = 7_239_016_285;
const oldest = [0, 8];

/** Changes nothing. @throws BerthError StoreUnsupported without pgvector */
export async function checkServer(database: Database): Promise<void> {
  const [found] = await database.run(
    'open',
    `SELECT coalesce(
       (SELECT extversion FROM pg_extension WHERE extname = 'vector'),
       (SELECT default_version FROM pg_available_extensions WHERE name = 'vector')) AS version`,
  );
  const version = found?.version as string | null;
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  if (version === null || major < oldest[0]! || (major === 0 && minor < oldest[1]!)) {
    const has = version === null ? 'no pgvector' : `pgvector ${version}`;
    throw berthError(
      'StoreUnsupported',
      `${database.where}: the server has ${has}, expected ${oldest.join('.')} or newer: install it there`,
    );
  }
}

/** Makes the extension and the register where they are not: only before something is written. */
export async function prepareDatabase(database: Database): Promise<void> {
  const doing = 'prepare';
  const [found] = await database.run(
    doing,
    `SELECT to_regclass('${aliasesTable}') IS NOT NULL
       AND EXISTS (SELECT FROM pg_extension WHERE extname = 'vector') AS ready`,
  );
  if (found?.ready === true) return;
  await database.transaction(doing, async (run) => {
    await run('SELECT pg_advisory_xact_lock($1)', [changeLock]);
    await run('CREATE EXTENSION IF NOT EXISTS vector');
    await run('CREATE SCHEMA IF NOT EXISTS berth');
    await run(`CREATE SCHEMA IF NOT EXISTS ${dataSchema}`);
    await run(`CREATE TABLE IF NOT EXISTS ${collectionsTable} (
      physical text PRIMARY KEY, collection text NOT NULL, spec text NOT NULL)`);
    await run(`CREATE TABLE IF NOT EXISTS ${aliasesTable} (
      collection text PRIMARY KEY, physical text NOT NULL REFERENCES ${collectionsTable})`);
  });
}

/** undefined: none of Berth's. */
export async function readSpec(
  database: Database,
  physical: string,
): Promise<CollectionSpec | undefined> {
  const sql = `SELECT spec FROM ${collectionsTable} WHERE physical = $1`;
  const [row] = await registered(database, `read ${physical}`, sql, [physical]);
  return parseSpec(row?.spec);
}

export async function listCollections(
  database: Database,
  collection?: string,
): Promise<StoredCollection[]> {
  const rows = await registered(
    database,
    'list collections',
    `SELECT physical, spec FROM ${collectionsTable}
      WHERE $1::text IS NULL OR collection = $1 ORDER BY physical`,
    [collection ?? null],
  );
  return rows.flatMap(toStored);
}

export async function resolveAlias(
  database: Database,
  collection: string,
): Promise<StoredCollection | undefined> {
  const rows = await registered(
    database,
    `resolve ${collection}`,
    `SELECT physical, spec FROM ${aliasesTable} a JOIN ${collectionsTable} c USING (physical)
      WHERE a.collection = $1`,
    [collection],
  );
  return rows.flatMap(toStored)[0];
}

/** With the aliases that name it. */
export async function dropCollection(run: Run, physical: string): Promise<void> {
  const gone = await run(`DELETE FROM ${aliasesTable} WHERE physical = $1 RETURNING collection`, [
    physical,
  ]);
  for (const { collection } of gone) {
    await run(`DROP VIEW IF EXISTS ${viewOf(collection as string)}`);
  }
  await run(`DELETE FROM ${collectionsTable} WHERE physical = $1`, [physical]);
  await run(`DROP TABLE IF EXISTS ${tableOf(physical)}`);
}

/** Reads the register. */
const registered = (
  database: Database,
  doing: string,
  sql: string,
  values: unknown[],
): Promise<Rows> => unlessUnused(database.run(doing, sql, values, 'register'), []);

/** A database that Berth has never written to has no register: no collection, and no alias. */
export async function unlessUnused<T>(asked: Promise<T>, nothing: T): Promise<T> {
  return asked.catch((error) => {
    if (error?.type === 'CollectionNotFound') return nothing;
    throw error;
  });
}

function toStored(row: Record<string, unknown>): StoredCollection[] {
  const spec = parseSpec(row.spec);
  return spec === undefined ? [] : [{ physical: row.physical as string, spec }];
}
