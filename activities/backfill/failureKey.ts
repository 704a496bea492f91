import { createHash } from 'node:crypto';
import type { RecordFailure } from '../sources/recordSource.ts';

/**
 * What tells failed records apart, so that one that fails in two stores, or in two catch-up rounds,
 * counts once: its id, and its place where it has none or shares it with another record.
 */
export function failureKey({
  id,
  place,
  kind,
}: Pick<RecordFailure, 'id' | 'place' | 'kind'>): string {
  return JSON.stringify(id === null || kind === 'duplicate-id' ? [id, place] : [id]);
}

/** For LMDB, whose keys are short. */
export const failureHash = (failure: RecordFailure): Buffer =>
  createHash('sha256').update(failureKey(failure), 'utf8').digest();
