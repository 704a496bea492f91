import { escapeIdentifier, escapeLiteral } from 'pg';
import type { PayloadIndex } from '../../../../workflows/contracts/backfill/request.ts';
import type { CollectionSpec } from '../../vectorStore.ts';
import type { Run } from './database.ts';
import { dataSchema, indexName, tableOf } from './names.ts';
import { nearestBy } from './nearest.ts';

/** English: stems and leaves out stop words; words of other languages are taken as they are. */
export const textConfiguration = `'english'`;

export function createTableSql(physical: string, { embedding, layout }: CollectionSpec): string {
  const words = `words tsvector GENERATED ALWAYS AS (to_tsvector(${textConfiguration}, text)) STORED`;
  return `CREATE TABLE IF NOT EXISTS ${tableOf(physical)} (
    id uuid PRIMARY KEY,
    source_name text NOT NULL,
    record_id text NOT NULL,
    chunk integer NOT NULL,
    chunks integer NOT NULL,
    record_digest text NOT NULL,
    text text NOT NULL,
    metadata jsonb NOT NULL,
    embedding vector(${embedding.dimensions}) NOT NULL
    ${layout.fullText ? `, ${words}` : ''})`;
}

export interface TableIndex {
  name: string;
  /** Behind `ON table`. */
  definition: string;
}

/** Those that are faster built over all rows than row by row. */
export function loadIndexes(physical: string, spec: CollectionSpec): TableIndex[] {
  const { expression, operators } = nearestBy(spec);
  const nearest = {
    name: indexName(physical, 'nearest'),
    definition: `USING hnsw ((${expression('embedding')}) ${operators})`,
  };
  const words = { name: indexName(physical, 'words'), definition: 'USING gin (words)' };
  return spec.layout.fullText ? [nearest, words] : [nearest];
}

/**
 * Over JSON values, whose order Postgres defines for all types: no row is refused for holding a
 * value of another type. Keywords may be longer than what a B-tree takes: a hash. Times are texts,
 * compared by code points.
 */
export function payloadIndex(physical: string, { field, type }: PayloadIndex): TableIndex {
  const key = escapeLiteral(field);
  const definition =
    type === 'datetime'
      ? `USING btree ((metadata->>${key}) COLLATE "C")`
      : `USING ${type === 'keyword' ? 'hash' : 'btree'} ((metadata->${key}))`;
  return { name: indexName(physical, `${type} ${field}`), definition };
}

export async function createIndex(
  run: Run,
  physical: string,
  { name, definition }: TableIndex,
  concurrently = false,
): Promise<void> {
  const how = concurrently ? 'CONCURRENTLY IF NOT EXISTS' : 'IF NOT EXISTS';
  await run(`CREATE INDEX ${how} ${escapeIdentifier(name)} ON ${tableOf(physical)} ${definition}`);
}

export const dropIndex = (run: Run, { name }: TableIndex): Promise<unknown> =>
  run(`DROP INDEX IF EXISTS ${dataSchema}.${escapeIdentifier(name)}`);
