import pg from 'pg';
import type { SourceSpec } from '../../../workflows/contracts/backfill/source.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { checkColumns } from '../records/checkColumns.ts';
import type { Database } from './database.ts';

const tableName = /^(?:"(?:[^"]|"")+"|[a-z_][\w$]*)(?:\.(?:"(?:[^"]|"")+"|[a-z_][\w$]*))?$/i;

/** A checked table or SELECT with its key, ready to be paged. */
export interface SourceQuery {
  /** `SELECT … FROM …` without condition: what a record needs. */
  select: string;
  /** What stands behind FROM. */
  from: string;
  /** Quoted id column, and its SQL type. */
  key: string;
  keyType: string;
  /** Quoted column that grows with changes, and its type. */
  changed: { column: string; type: string } | null;
}

/** Text of the key, beside the columns of a record. */
export const keyAlias = 'berth_key';

/** @throws BerthError InvalidRequest naming columns that do not exist, CredentialsRefused */
export async function describeSourceQuery(
  spec: SourceSpec,
  database: Database,
): Promise<SourceQuery> {
  const query = (spec.query ?? '').trim().replace(/;\s*$/, '');
  if (query === '') {
    throw berthError('InvalidRequest', `${spec.location}: name a table or give a SELECT`);
  }
  const from = tableName.test(query) ? `${query} AS berth_source` : `(${query}\n) AS berth_source`;
  const columns = await database.describe(`SELECT * FROM ${from}`);
  const names = columns.map(({ name }) => name);
  const keyName = spec.columns.id ?? 'id';
  const { changedColumn } = spec;
  checkColumns(
    spec.location,
    { ...spec.columns, id: keyName, text: [...spec.columns.text, ...list(changedColumn)] },
    names,
  );
  const typeOf = (name: string): string =>
    columns.find((column) => column.name === name)?.type ?? 'text';
  const { metadata, text } = spec.columns;
  const wanted =
    metadata === null ? ['*'] : [...new Set([keyName, ...text, ...metadata])].map(quote);
  return {
    select: `SELECT ${wanted.join(', ')}, ${quote(keyName)}::text AS ${keyAlias} FROM ${from}`,
    from,
    key: quote(keyName),
    keyType: typeOf(keyName),
    changed:
      changedColumn === undefined
        ? null
        : { column: quote(changedColumn), type: typeOf(changedColumn) },
  };
}

const quote = (name: string): string => pg.escapeIdentifier(name);
const list = (name: string | undefined): string[] => (name === undefined ? [] : [name]);
