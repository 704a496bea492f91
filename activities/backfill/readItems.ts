import type { RecordFailureKind } from '../../workflows/contracts/backfill/pages.ts';
import { isWellFormed, toWellFormed } from '../platform/wellFormed.ts';
import type { RecordFailure, SourceItem, SourceRecord } from '../sources/recordSource.ts';
import { pageLimits } from './pageLimits.ts';

/** What one item of the source is to a page; `next` is where a reader goes on after it. */
export type PageItem =
  | { record: SourceRecord; place: string; failure?: undefined; next: string }
  | { record?: undefined; failure: RecordFailure; next: string };

export interface PageItems {
  items: PageItem[];
  /** null: there is nothing after them. */
  next: string | null;
}

/**
 * Takes a page's items: as many as asked, fewer where their texts are long. Looks one item further,
 * so that a partition does not end with an empty page.
 * @param wanted items that are left out do not count
 */
export async function readItems(
  items: AsyncIterable<SourceItem>,
  limit: number,
  wanted: (item: SourceItem) => boolean,
  signal: AbortSignal,
): Promise<PageItems> {
  const taken: PageItem[] = [];
  let bytes = 0;
  let last: string | null = null;
  for await (const item of items) {
    signal.throwIfAborted();
    if (taken.length >= limit || bytes >= pageLimits.textBytes) return { items: taken, next: last };
    last = item.next;
    if (!wanted(item)) continue;
    const checked: PageItem = 'failure' in item ? item : check(item);
    if (checked.record !== undefined) bytes += Buffer.byteLength(checked.record.text, 'utf8');
    taken.push(checked);
  }
  return { items: taken, next: null };
}

function check({ record, place, next }: Extract<SourceItem, { record: unknown }>): PageItem {
  const failure = refuse(record, place);
  if (failure !== undefined) return { failure, next };
  return { record: { ...record, text: toWellFormed(record.text) }, place, next };
}

/** What no record may be, whatever its source lets pass. */
function refuse(record: SourceRecord, place: string): RecordFailure | undefined {
  const { id, text } = record;
  if (!isWellFormed(id)) {
    return failed(record, place, 'invalid-utf8', 'its id is no valid Unicode; give it another one');
  }
  if (text.trim() === '') return failed(record, place, 'empty-text', 'its text is empty');
  const size = Buffer.byteLength(text, 'utf8');
  const limit = pageLimits.recordTextBytes;
  if (size <= limit) return undefined;
  const reason = `its text has ${size} bytes, expected at most ${limit}; cut it into documents`;
  return failed(record, place, 'too-large', reason);
}

/** The dead letter of a record. @param reason without its place */
export function failed(
  { id, text }: { id: string; text: string },
  place: string,
  kind: RecordFailureKind,
  reason: string,
): RecordFailure {
  const shown = toWellFormed(id);
  const line = `${place}: record ${JSON.stringify(shown)}: ${reason}`.replace(/\s+/g, ' ');
  return { id: shown, kind, reason: line, place, excerpt: toWellFormed(text.slice(0, 2000)) };
}
