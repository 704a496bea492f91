import { readFile } from 'node:fs/promises';
import { berthError } from '../../workflows/contracts/errors.ts';
import { writeFileAtomic } from '../platform/atomicFile.ts';
import { headerBytes, pageBytes, readHeader, vectorsAt, writeHeader } from './pageFormat.ts';

/** One record with its chunks, on its way from the embedder to the stores. */
export interface PageRecord {
  id: string;
  /** Line, row, path or key within the source, for dead letters. */
  place: string;
  digest: string;
  metadata: Record<string, unknown>;
  chunks: { text: string; vector: Float32Array }[];
  /**
   * Most chunks that the record ever had in this job, this time included: what is beyond its present
   * chunks has to go from the stores.
   */
  mostChunks: number;
  /** An earlier catch-up round of this job had it just so, and counted it. */
  again: boolean;
}

export interface Page {
  dimensions: number;
  /** Catch-up round, 0 for the first pass. */
  round: number;
  records: PageRecord[];
}

type RecordJson = [
  id: string,
  place: string,
  digest: string,
  metadata: Record<string, unknown>,
  texts: string[],
  mostChunks: number,
  again: boolean,
];

/**
 * Writes a page so that a reader finds all of it or nothing; the file is readable by its owner only,
 * because texts are private.
 * @throws BerthError OutOfSpace
 */
export async function writePageFile(path: string, page: Page): Promise<void> {
  const { dimensions, records, round } = page;
  const json = Buffer.from(JSON.stringify(records.map(toJson)), 'utf8');
  const points = records.reduce((sum, { chunks }) => sum + chunks.length, 0);
  const header = { records: records.length, points, dimensions, jsonBytes: json.length, round };
  // Not from Node's pool of small buffers: the vectors need an aligned address.
  const file = Buffer.alloc(pageBytes(header));
  json.copy(file, headerBytes);
  const vectors = floatsOf(file, vectorsAt(header));
  let at = 0;
  for (const { chunks } of records) {
    for (const { vector } of chunks) {
      vectors.set(vector, at);
      at += dimensions;
    }
  }
  writeHeader(file, header);
  await writeFileAtomic(path, file);
}

/**
 * Reads a page; its vectors are views of one buffer.
 * @param what names the page in the error
 * @throws BerthError PageLost when the file is gone, half-written or damaged
 */
export async function readPageFile(path: string, what: string): Promise<Page> {
  const file = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw lost(path, what, 'is gone');
  });
  const header = readHeader(file);
  if (header === undefined) throw lost(path, what, 'is damaged');
  const json = file.subarray(headerBytes, headerBytes + header.jsonBytes).toString('utf8');
  const vectors = floatsOf(file, vectorsAt(header));
  let at = 0;
  const next = () => {
    at += header.dimensions;
    return vectors.subarray(at - header.dimensions, at);
  };
  const records = (JSON.parse(json) as RecordJson[]).map((record) => fromJson(record, next));
  return { dimensions: header.dimensions, round: header.round, records };
}

function toJson(record: PageRecord): RecordJson {
  const { id, place, digest, metadata, chunks, mostChunks, again } = record;
  return [id, place, digest, metadata, chunks.map(({ text }) => text), mostChunks, again];
}

function fromJson(
  [id, place, digest, metadata, texts, mostChunks, again]: RecordJson,
  next: () => Float32Array,
): PageRecord {
  const chunks = texts.map((text) => ({ text, vector: next() }));
  return { id, place, digest, metadata, chunks, mostChunks, again };
}

/** A view where the address allows it, else a copy. */
function floatsOf(file: Buffer, offset: number): Float32Array {
  const at = file.byteOffset + offset;
  const length = (file.length - offset) / 4;
  if (at % 4 === 0) return new Float32Array(file.buffer, at, length);
  return new Float32Array(file.buffer.slice(at, at + length * 4));
}

function lost(path: string, what: string, state: string) {
  return berthError(
    'PageLost',
    `${what}: its file ${path} ${state}; it has to be embedded again (the vectors are cached)`,
  );
}
