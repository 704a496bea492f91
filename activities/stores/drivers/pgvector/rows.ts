import { joinMetadata, splitMetadata } from '../../shared/payload.ts';
import type { Point, StoredPoint } from '../../vectorStore.ts';
import { tableOf } from './names.ts';
import { fromVectorSend, toVectorArray } from './vectorBytes.ts';

const columns =
  'id, source_name, record_id, chunk, chunks, record_digest, text, metadata, embedding';
const types = ['uuid', 'text', 'text', 'integer', 'integer', 'text', 'text', 'jsonb', 'vector'];
const replaced = columns.split(', ').slice(1);

/** One statement for any number of points: it is parsed and planned once, and has no limit of 65,535 values. */
export function upsertSql(physical: string): string {
  const lists = types.map((type, index) => `$${index + 1}::${type}[]`).join(', ');
  const changes = replaced.map((column) => `${column} = EXCLUDED.${column}`).join(', ');
  return `INSERT INTO ${tableOf(physical)} (${columns}) SELECT * FROM unnest(${lists})
    ON CONFLICT (id) DO UPDATE SET ${changes}`;
}

/**
 * Sorted, so that writers of the same rows wait for one another in one order, not in a circle.
 * @param vectorType oid of the type
 */
export function upsertValues(points: readonly Point[], vectorType: number): unknown[] {
  const sorted = points.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return [
    sorted.map((point) => point.id),
    sorted.map((point) => point.sourceName),
    sorted.map((point) => point.recordId),
    sorted.map((point) => point.chunk),
    sorted.map((point) => point.chunks),
    sorted.map((point) => point.recordDigest),
    sorted.map((point) => point.text),
    sorted.map(({ metadata }) => {
      const { plain, nested } = splitMetadata(metadata);
      return JSON.stringify(joinMetadata(plain, nested));
    }),
    toVectorArray(
      sorted.map((point) => point.vector),
      vectorType,
    ),
  ];
}

/** What toPoint reads. */
export const pointColumns = (vectors: boolean): string =>
  `id, source_name, record_id, chunk, chunks, record_digest, text, metadata,
    ${vectors ? 'vector_send(embedding)' : 'NULL'} AS embedding`;

export function toPoint(row: Record<string, unknown>): StoredPoint {
  return {
    id: row.id as string,
    vector: row.embedding === null ? null : fromVectorSend(row.embedding as Buffer),
    text: row.text as string,
    metadata: row.metadata as Record<string, unknown>,
    sourceName: row.source_name as string,
    recordId: row.record_id as string,
    chunk: row.chunk as number,
    chunks: row.chunks as number,
    recordDigest: row.record_digest as string,
  };
}
