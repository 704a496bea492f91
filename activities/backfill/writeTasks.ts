import type { Point } from '../stores/vectorStore.ts';
import type { PageRecord } from './pageFile.ts';
import { pointId, pointIds } from './pointIds.ts';
import type { StoreWriter } from './storeWriter.ts';

/** What has to be done for one record, step by step. */
export interface WriteTask {
  record: PageRecord;
  /** Chunk 0 with a digest that no record has, while its other chunks change. */
  intent: Point[];
  body: Point[];
  /** Ids of chunks that are no more. */
  stale: string[];
  /** Chunk 0 as it stays: the record is complete. */
  commit: Point[];
  /** Ids of everything that the store may have of it. */
  all: string[];
  /** Ids of its complete former version; none: there is none that one could go back to. */
  former: string[];
}

export interface WriteTasks {
  tasks: WriteTask[];
  /** Records that the store has as they are, without those that an earlier round counted. */
  unchanged: number;
}

/** In the place of a digest: nothing is equal to it, so that whoever comes next writes again. */
const unfinished = 'unfinished';

/**
 * @param compare whether the collection may hold the records: those whose chunk 0 has their digest are
 *   left alone. The others announce in chunk 0 how many chunks there may be before they touch one, so
 *   that a later job finds what a killed one left.
 */
export async function writeTasks(
  writer: StoreWriter,
  sourceName: string,
  records: readonly PageRecord[],
  compare: boolean,
): Promise<WriteTasks> {
  if (!compare) return { tasks: records.map((record) => fresh(sourceName, record)), unchanged: 0 };
  const heads = await writer.read(records.map(({ id }) => pointId(sourceName, id, 0)));
  const tasks: WriteTask[] = [];
  let unchanged = 0;
  for (const record of records) {
    const head = heads.get(pointId(sourceName, record.id, 0));
    if (head?.recordDigest !== record.digest) tasks.push(replace(sourceName, record, head));
    else if (!record.again) unchanged += 1;
  }
  return { tasks, unchanged };
}

/** Into a collection that this job fills first: nobody reads it, and it is dropped if the job ends. */
function fresh(sourceName: string, record: PageRecord): WriteTask {
  const { id, chunks, mostChunks } = record;
  return {
    record,
    intent: [],
    body: pointsOf(sourceName, record),
    stale: pointIds(sourceName, id, chunks.length, mostChunks),
    commit: [],
    all: pointIds(sourceName, id, 0, mostChunks),
    former: [],
  };
}

/** @param head chunk 0 as the store has it */
function replace(
  sourceName: string,
  record: PageRecord,
  head: Pick<Point, 'chunks' | 'recordDigest'> | undefined,
): WriteTask {
  const { id, chunks, mostChunks } = record;
  const points = pointsOf(sourceName, record);
  const stored = head?.chunks ?? 0;
  const most = Math.max(stored, mostChunks);
  const announced = { chunks: most, recordDigest: unfinished };
  return {
    record,
    // One point is replaced in one piece.
    intent: most === 1 ? [] : points.slice(0, 1).map((point) => ({ ...point, ...announced })),
    body: points.slice(1),
    stale: pointIds(sourceName, id, chunks.length, most),
    commit: points.slice(0, 1),
    all: pointIds(sourceName, id, 0, most),
    former: head?.recordDigest === unfinished ? [] : pointIds(sourceName, id, 0, stored),
  };
}

function pointsOf(sourceName: string, record: PageRecord): Point[] {
  const { id: recordId, digest: recordDigest, metadata, chunks } = record;
  return chunks.map(({ text, vector }, chunk) => ({
    id: pointId(sourceName, recordId, chunk),
    vector,
    text,
    metadata,
    sourceName,
    recordId,
    chunk,
    chunks: chunks.length,
    recordDigest,
  }));
}
