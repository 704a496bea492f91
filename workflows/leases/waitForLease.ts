import { condition } from '@temporalio/workflow';
import { failure } from '../contracts/errors.ts';
import type { Lease } from '../contracts/lease.ts';
import type { LeaseRequest } from '../contracts/pool/requests.ts';
import type { Claim } from './leaseInbox.ts';
import { repeatRequest } from './poolClient.ts';

/** First wait before the request is repeated, ms; doubled up to the longest, as each costs events. */
const firstRepeatMs = 60_000;
const longestRepeatMs = 15 * 60_000;

/**
 * Waits for something to be heard. The request is repeated now and then meanwhile: a pool that lost
 * its memory (it was terminated) would never answer otherwise.
 */
export async function waitForNews(
  pool: string,
  request: LeaseRequest,
  isHeard: () => boolean,
): Promise<void> {
  let wait = firstRepeatMs;
  while (!(await condition(isHeard, wait))) {
    await repeatRequest(pool, request);
    wait = Math.min(2 * wait, longestRepeatMs);
  }
}

/**
 * The next lease granted to a claim.
 * @throws ApplicationFailure of the pool's refusal
 */
export async function waitForLease(
  pool: string,
  request: LeaseRequest,
  claim: Claim,
): Promise<Lease> {
  await waitForNews(pool, request, () => claim.granted.length > 0 || claim.refused !== null);
  const lease = claim.granted.shift();
  if (lease !== undefined) return lease;
  const { type, message } = claim.refused ?? {
    type: 'Unexpected' as const,
    message: `request ${request.requestId} was neither granted nor refused`,
  };
  throw failure(type, message);
}
