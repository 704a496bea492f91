import type { Chunk, TextSplitter } from '../embeddings/textSplitter.ts';
import type { RecordFailure, SourceRecord } from '../sources/recordSource.ts';
import { recordFailure } from '../sources/records/recordFailure.ts';
import { pageLimits } from './pageLimits.ts';
import type { PageItem, PageItems } from './readItems.ts';

export interface SplitRecord {
  record: SourceRecord;
  place: string;
  chunks: Chunk[];
}

export interface SplitItems {
  records: SplitRecord[];
  failures: RecordFailure[];
  /** Where the next page begins; null: there is none. */
  next: string | null;
}

const textsAtATime = 64;

/**
 * Splits the texts of a page. Ends the page early where the vectors of its chunks would outgrow the
 * memory that a page may take; what is left is the next page's.
 */
export async function splitItems(
  { items, next }: PageItems,
  splitter: TextSplitter,
  dimensions: number,
  signal: AbortSignal,
): Promise<SplitItems> {
  const split: SplitItems = { records: [], failures: [], next };
  const vectorBytes = (chunks: number) => chunks * dimensions * 4;
  let chunks = 0;
  for (let from = 0; from < items.length; from += textsAtATime) {
    signal.throwIfAborted();
    const some = items.slice(from, from + textsAtATime);
    const lists = await splitter.split(some.map(({ record }) => record?.text ?? ''));
    for (const [index, item] of some.entries()) {
      const list = lists[index] ?? [];
      if (split.records.length > 0 && vectorBytes(chunks + list.length) > pageLimits.vectorBytes) {
        return { ...split, next: items[from + index - 1]?.next ?? null };
      }
      const failure = item.failure ?? refuse(item, list.length, vectorBytes(list.length));
      if (failure !== undefined) {
        split.failures.push(failure);
      } else if (item.record !== undefined) {
        split.records.push({ record: item.record, place: item.place, chunks: list });
        chunks += list.length;
      }
    }
  }
  return split;
}

function refuse(item: PageItem, chunks: number, bytes: number): RecordFailure | undefined {
  if (item.record === undefined) return undefined;
  const { place } = item;
  const { id, text } = item.record;
  if (chunks === 0) {
    return recordFailure('empty-text', place, 'its text has no content', text, id);
  }
  if (bytes <= pageLimits.recordVectorBytes) return undefined;
  const limit = pageLimits.recordVectorBytes;
  const reason = `its ${chunks} chunks make ${bytes} bytes of vectors, expected at most ${limit}`;
  return recordFailure('too-large', place, `${reason}; cut it into documents`, text, id);
}
