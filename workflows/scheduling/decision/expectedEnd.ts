import type { LeaseRequest } from '../../contracts/pool/requests.ts';
import type { HeldLease } from '../state.ts';
import { maxTimeOf } from './expiry.ts';

/** Of its time so far that a lease which runs for longer than expected is taken to need still. */
const overrunPart = 0.5;

/** How long a request will hold, ms, by what it says itself; Infinity when it says nothing. */
export function expectedMs({
  expectedSeconds,
  maxSeconds,
}: Pick<LeaseRequest, 'expectedSeconds' | 'maxSeconds'>): number {
  return 1000 * Math.min(expectedSeconds ?? Infinity, maxSeconds ?? Infinity);
}

/** When a lease will have ended; Infinity when nobody knows. */
export function expectedEnd(lease: HeldLease, now: number): number {
  if (lease.revoking) return lease.revoking.graceUntil;
  const end = lease.grantedAt + expectedMs(lease.request);
  if (end > now) return end;
  return Math.min(now + overrunPart * (now - lease.grantedAt), Math.max(now, maxTimeOf(lease)));
}
