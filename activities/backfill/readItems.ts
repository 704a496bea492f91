import type { RecordFailure, SourceItem, SourceRecord } from '../sources/recordSource.ts';
import { recordFailure } from '../sources/records/recordFailure.ts';
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
 * Takes a page's items: as many as asked, fewer where their texts or metadata are long. Looks one item further,
 * so that a partition does not end with an empty page.
 * @param wanted items that are left out do not count
 * @param tenantField metadata field that each record needs a text in; null: none
 */
export async function readItems(
  items: AsyncIterable<SourceItem>,
  limit: number,
  wanted: (item: SourceItem) => boolean,
  tenantField: string | null,
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
    const checked: PageItem = 'failure' in item ? item : check(item, tenantField);
    if (checked.record !== undefined) bytes += sizeOf(checked.record);
    taken.push(checked);
  }
  return { items: taken, next: null };
}

function check(
  item: Extract<SourceItem, { record: unknown }>,
  tenantField: string | null,
): PageItem {
  const failure =
    refuse(item.record, item.place) ?? refuseTenantless(item.record, item.place, tenantField);
  return failure === undefined ? item : { failure, next: item.next };
}

const metadataBytes = ({ metadata }: SourceRecord): number =>
  Buffer.byteLength(JSON.stringify(metadata), 'utf8');

const sizeOf = (record: SourceRecord): number =>
  Buffer.byteLength(record.text, 'utf8') + metadataBytes(record);

/** What no record may be, whatever its source lets pass. */
function refuse(record: SourceRecord, place: string): RecordFailure | undefined {
  const { id, text } = record;
  if (text.trim() === '') return recordFailure('empty-text', place, 'its text is empty', text, id);
  const tooLarge = (reason: string) => recordFailure('too-large', place, reason, text, id);
  const size = Buffer.byteLength(text, 'utf8');
  const { recordTextBytes, recordMetadataBytes } = pageLimits;
  if (size > recordTextBytes) {
    return tooLarge(
      `its text has ${size} bytes, expected at most ${recordTextBytes}; cut it into documents`,
    );
  }
  const beside = metadataBytes(record);
  if (beside <= recordMetadataBytes) return undefined;
  return tooLarge(
    `its metadata has ${beside} bytes, expected at most ${recordMetadataBytes}; choose by --metadata-columns what goes with it`,
  );
}

/** Stores tell tenants apart by a text: a record without one would be nobody's, or everybody's. */
function refuseTenantless(
  { id, text, metadata }: SourceRecord,
  place: string,
  tenantField: string | null,
): RecordFailure | undefined {
  if (tenantField === null) return undefined;
  const tenant = Object.hasOwn(metadata, tenantField) ? metadata[tenantField] : undefined;
  if (typeof tenant === 'string' && tenant.trim() !== '') return undefined;
  const found = tenant === undefined ? 'nothing' : JSON.stringify(tenant).slice(0, 100);
  const reason = `its tenant field ${tenantField} holds ${found}, expected a text; make the column a text, or choose another --tenant-field`;
  return recordFailure('missing-column', place, reason, text, id);
}
