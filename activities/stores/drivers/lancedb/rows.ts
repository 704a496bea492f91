import { joinMetadata, splitMetadata } from '../../shared/payload.ts';
import type { Point, StoredPoint } from '../../vectorStore.ts';
import { filterColumns, metadataColumn } from './rowColumns.ts';

export type Row = Record<string, unknown>;

/** Columns that a point is read from, without its vector. */
export const pointColumns = [
  'id',
  'berth_text',
  'berth_source',
  'berth_record',
  'berth_chunk',
  'berth_chunks',
  'berth_digest',
  metadataColumn,
];

/** @throws BerthError StoreRejected (splitMetadata) */
export function toRow(point: Point): Row {
  const { plain, nested } = splitMetadata(point.metadata);
  return {
    id: point.id,
    vector: point.vector,
    berth_text: point.text,
    berth_source: point.sourceName,
    berth_record: point.recordId,
    berth_chunk: point.chunk,
    berth_chunks: point.chunks,
    berth_digest: point.recordDigest,
    [metadataColumn]: JSON.stringify(joinMetadata(plain, nested)),
    ...filterColumns(plain),
  };
}

export function fromRow(row: Row): StoredPoint {
  const vector = row.vector as Iterable<number> | null | undefined;
  return {
    id: String(row.id),
    vector: vector ? Float32Array.from(vector) : null,
    text: String(row.berth_text),
    metadata: JSON.parse(String(row[metadataColumn])),
    sourceName: String(row.berth_source),
    recordId: String(row.berth_record),
    chunk: Number(row.berth_chunk),
    chunks: Number(row.berth_chunks),
    recordDigest: String(row.berth_digest),
  };
}
