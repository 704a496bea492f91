import type { VerificationCheck } from '../../../workflows/contracts/backfill/activities.ts';
import { formatStoreRef } from '../../../workflows/contracts/backfill/request.ts';
import type { VerificationInput } from './verificationInput.ts';

/**
 * A new collection has exactly the points of this job, without those that the store refused, and some
 * at least; one that was brought up to date has at least these.
 */
export function checkCount({ step, ledger, points }: VerificationInput): VerificationCheck {
  const { inPlace, store } = step.target;
  const expected = ledger.expected(formatStoreRef(store)).points;
  // A new collection without any point would empty what people search.
  const empty = !inPlace && expected === 0;
  const wanted = inPlace ? `at least ${expected}` : `${expected}`;
  return {
    name: 'count',
    ok: inPlace ? points >= expected : points === expected && !empty,
    detail: empty
      ? 'no record of the source could be used; see its dead letters'
      : `${points} points, expected ${wanted}`,
    value: points,
  };
}
