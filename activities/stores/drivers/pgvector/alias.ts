import { escapeIdentifier, escapeLiteral } from 'pg';
import type { Run } from './database.ts';
import { aliasesTable, tableOf, viewOf } from './names.ts';
import { stateOf } from './postgresFailure.ts';

/** The view and the register change at one moment. @returns what the alias named before */
export async function switchAlias(
  run: Run,
  collection: string,
  physical: string | null,
): Promise<string | null> {
  await run('SELECT pg_advisory_xact_lock($1, hashtext($2))', [7_239_016, collection]);
  const alias = `FROM ${aliasesTable} WHERE collection = $1`;
  const [before] = await run(`SELECT physical ${alias}`, [collection]);
  if (physical === null) {
    await run(`DROP VIEW IF EXISTS ${viewOf(collection)}`);
    await run(`DELETE ${alias}`, [collection]);
  } else {
    await run(
      `INSERT INTO ${aliasesTable} VALUES ($1, $2)
        ON CONFLICT (collection) DO UPDATE SET physical = EXCLUDED.physical`,
      [collection, physical],
    );
    await showTable(run, viewOf(collection), physical);
  }
  return (before?.physical as string | undefined) ?? null;
}

/**
 * Replaced where the columns allow it, which keeps the rights on the view and the views over it.
 * Where they do not (vectors of another length, no words any more) it is made anew with the same
 * rights, options and comment; a view over it refuses that (2BP01), and nothing has changed.
 */
async function showTable(run: Run, view: string, physical: string): Promise<void> {
  const options = await optionsOf(run, view);
  const body = `VIEW ${view} ${options} AS SELECT * FROM ${tableOf(physical)}`;
  await run('SAVEPOINT replacing');
  try {
    await run(`CREATE OR REPLACE ${body}`);
  } catch (error) {
    if (stateOf(error) !== '42P16') throw error;
    await run('ROLLBACK TO SAVEPOINT replacing');
    const [old] = await run(`SELECT obj_description(to_regclass($1), 'pg_class') AS comment`, [
      view,
    ]);
    const rights = await rightsOn(run, view);
    await run(`DROP VIEW ${view}`);
    await run(`CREATE ${body}`);
    if (typeof old?.comment === 'string') {
      await run(`COMMENT ON VIEW ${view} IS ${escapeLiteral(old.comment)}`);
    }
    await setRights(run, view, rights);
  }
}

/** Such as `WITH (security_invoker = 'true')`: a replaced view keeps none that is not said again. */
async function optionsOf(run: Run, view: string): Promise<string> {
  const [found] = await run(
    `SELECT string_agg(format('%I = %L', option_name, option_value), ', ') AS options
      FROM pg_class, pg_options_to_table(reloptions) WHERE oid = to_regclass($1)`,
    [view],
  );
  return typeof found?.options === 'string' ? `WITH (${found.options})` : '';
}

interface Right {
  privilege: string;
  /** null: of all columns. */
  column: string | null;
  /** Quoted; or PUBLIC. */
  grantee: string;
  grantable: boolean;
}

async function rightsOn(run: Run, view: string): Promise<Right[]> {
  const rows = await run(
    `WITH seen AS (SELECT oid, relacl, relowner FROM pg_class WHERE oid = to_regclass($1)),
      held AS (
        SELECT NULL AS attname, acl.* FROM seen,
          aclexplode(coalesce(relacl, acldefault('r', relowner))) AS acl
        UNION ALL
        SELECT attname, acl.* FROM seen JOIN pg_attribute ON attrelid = oid, aclexplode(attacl) AS acl)
      SELECT privilege_type AS privilege, attname AS column, is_grantable AS grantable,
        CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END AS grantee
      FROM held`,
    [view],
  );
  return rows as unknown as Right[];
}

/** Exactly these, not also the default ones of new views; all of them by the owner. */
async function setRights(run: Run, view: string, rights: readonly Right[]): Promise<void> {
  const granted = new Set((await rightsOn(run, view)).map(({ grantee }) => grantee));
  for (const grantee of granted) await run(`REVOKE ALL ON ${view} FROM ${grantee}`);
  const columns = await run(
    'SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0',
    [view],
  );
  const names = new Set(columns.map(({ attname }) => attname));
  for (const { privilege, column, grantee, grantable } of rights) {
    if (column !== null && !names.has(column)) continue;
    const of = column === null ? '' : ` (${escapeIdentifier(column)})`;
    const option = grantable && grantee !== 'PUBLIC' ? ' WITH GRANT OPTION' : '';
    await run(`GRANT ${privilege}${of} ON ${view} TO ${grantee}${option}`);
  }
}
