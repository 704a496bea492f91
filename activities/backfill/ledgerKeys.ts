import { createHash } from 'node:crypto';
import type { PageKey } from './pageName.ts';

/** LMDB's keys have at most 511 bytes; ids may have 2,000. */
const plainBytes = 480;
const prefixBytes = 449;

/**
 * Key of a record: its id in UTF-8, so that iteration is by id and neighbours in the source are
 * neighbours on disk; of long ids a prefix and the SHA-256, one byte longer than any plain one.
 */
export function recordKey(recordId: string): { key: Buffer; plain: boolean } {
  const id = Buffer.from(recordId, 'utf8');
  // LMDB has no empty keys; the leading byte also keeps an empty id apart.
  if (id.length <= plainBytes) return { key: Buffer.concat([one, id]), plain: true };
  const digest = createHash('sha256').update(id).digest();
  return { key: Buffer.concat([one, id.subarray(0, prefixBytes), digest]), plain: false };
}

const one = Buffer.of(1);

/** undefined: a long one, which is kept with its value. */
export function recordIdOf(key: Buffer): string | undefined {
  return key.length - 1 > plainBytes ? undefined : key.subarray(1).toString('utf8');
}

/** Sorted by partition, then page. */
export function pageKey({ partition, page }: PageKey): Buffer {
  const key = Buffer.alloc(8);
  key.writeUInt32BE(partition, 0);
  key.writeUInt32BE(page, 4);
  return key;
}

export const pageOfKey = (key: Buffer): PageKey => ({
  partition: key.readUInt32BE(0),
  page: key.readUInt32BE(4),
});

/** A store's name may be long: hashed, and followed by the page. */
export function refusalKey(store: string, page: PageKey): Buffer {
  return Buffer.concat([storeKey(store), pageKey(page)]);
}

export const storeKey = (store: string): Buffer =>
  createHash('sha256').update(store, 'utf8').digest().subarray(0, 16);
