import { escapeIdentifier } from 'pg';
import type {
  PayloadIndex,
  PayloadIndexType,
} from '../../../../workflows/contracts/backfill/request.ts';
import type { CollectionSpec } from '../../vectorStore.ts';
import type { Run } from './database.ts';
import { metadataValue, textStart } from './metadataSql.ts';
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
 * No row is refused for what its field holds: an index of numbers or of true and false leaves values
 * of other types out, one of times holds the start of any text, and one of keywords, which may be
 * longer than what a B-tree takes (2,704 bytes), is a hash. The name follows from what it holds.
 */
export function payloadIndex(physical: string, { field, type }: PayloadIndex): TableIndex {
  const definition = definitionOf(field, type);
  return { name: indexName(physical, definition), definition };
}

function definitionOf(field: string, type: PayloadIndexType): string {
  switch (type) {
    case 'keyword':
      return `USING hash ((${metadataValue(field)}))`;
    case 'datetime':
      return `USING btree ((${textStart(field)}) COLLATE "C")`;
    default: {
      const json = type === 'boolean' ? 'boolean' : 'number';
      return `USING btree ((${metadataValue(field, json)}))`;
    }
  }
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

/** @param concurrently neither readers nor writers of the table wait; not within a transaction */
export async function dropIndex(
  run: Run,
  { name }: TableIndex,
  concurrently = false,
): Promise<void> {
  const how = concurrently ? 'CONCURRENTLY IF EXISTS' : 'IF EXISTS';
  await run(`DROP INDEX ${how} ${dataSchema}.${escapeIdentifier(name)}`);
}
