import type { VerificationCheck } from '../../../workflows/contracts/backfill/activities.ts';
import { formatStoreRef } from '../../../workflows/contracts/backfill/request.ts';
import { pointId } from '../pointIds.ts';
import { checkIdsByReading } from './checkIdsByReading.ts';
import { nameOf, told } from './namedIds.ts';
import type { VerificationInput } from './verificationInput.ts';

/** Points up to which all ids of a collection are compared: they are kept in memory. */
const mostPoints = 200_000;

interface Found {
  recordId: string;
  chunk: number;
  recordDigest: string;
}

/**
 * Compares the ids of store and ledger both ways. In a collection that was brought up to date there
 * may be other records: other sources', and those that the source has no more, which are deleted
 * later. Of a larger collection only what the job has read is looked at.
 */
export async function checkIds(input: VerificationInput): Promise<VerificationCheck> {
  const { step, store, ledger, points, pulse } = input;
  if (points > mostPoints) return checkIdsByReading(input);
  const { target, request } = step;
  const sourceName = request.source.name;
  const found = new Map<string, Found>();
  let twice = 0;
  let foreign = 0;
  for await (const page of store.scan(target.physical, { vectors: false })) {
    pulse.signal.throwIfAborted();
    for (const point of page) {
      if (point.sourceName !== sourceName) {
        foreign += 1;
        continue;
      }
      if (found.has(point.id)) twice += 1;
      const { recordId, chunk, recordDigest } = point;
      found.set(point.id, { recordId, chunk, recordDigest });
    }
    pulse.report({ done: found.size, total: points });
  }
  const refused = new Set(
    ledger.refused(formatStoreRef(target.store)).map(({ recordId }) => recordId),
  );
  const missing: string[] = [];
  const stale: string[] = [];
  // What a store refused in place is there still as it was.
  const mayStay = (recordId: string) =>
    target.inPlace && (refused.has(recordId) || ledger.find([recordId])[0] === undefined);
  for (const { recordId, chunks, recordDigest } of ledger.records()) {
    if (refused.has(recordId)) continue;
    for (let chunk = 0; chunk < chunks; chunk += 1) {
      const id = pointId(sourceName, recordId, chunk);
      const point = found.get(id);
      if (point === undefined) missing.push(nameOf({ recordId, chunk }));
      else if (point.recordDigest !== recordDigest) stale.push(nameOf({ recordId, chunk }));
      found.delete(id);
    }
  }
  const extra = [...found.values()].filter(({ recordId }) => !mayStay(recordId));
  const allowedForeign = target.inPlace ? 0 : foreign;
  const wrong = missing.length + stale.length + extra.length + twice + allowedForeign;
  return {
    name: 'ids',
    ok: wrong === 0,
    detail:
      wrong === 0
        ? `all ids of ${points} points are as expected`
        : [
            told('missing', missing),
            told('of another version', stale),
            told('not expected', extra.map(nameOf)),
            twice > 0 ? `${twice} twice` : '',
            allowedForeign > 0 ? `${allowedForeign} of another source` : '',
          ]
            .filter((part) => part !== '')
            .join(', '),
    value: wrong,
  };
}
