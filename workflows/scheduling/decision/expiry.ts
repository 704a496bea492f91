import type { HeldLease } from '../state.ts';
import { type Draft, expire, revoke } from './draft.ts';

/** Leases whose grace is over or that nobody has renewed. */
export function endOverdue(draft: Draft): void {
  const { now } = draft;
  for (const lease of Object.values(draft.state.leases)) {
    const { revoking, expiresAt, renewedAt } = lease;
    if (revoking) {
      if (revoking.graceUntil <= now) expire(draft, lease, revoking.reason, revoking.message);
    } else if (expiresAt <= now) {
      const seconds = Math.round((now - renewedAt) / 1000);
      expire(draft, lease, 'expired', `nothing has run under the lease for ${seconds} s`);
    }
  }
}

/** When a lease has to be revoked for its own `maxSeconds`; Infinity without. */
export function maxTimeOf({ grantedAt, request }: HeldLease): number {
  return request.maxSeconds === null ? Infinity : grantedAt + request.maxSeconds * 1000;
}

/** Notices that events have asked for, and leases that have run for as long as they may. */
export function giveNotices(draft: Draft): void {
  for (const lease of Object.values(draft.state.leases)) {
    const { leaseId, asked, request } = lease;
    if (lease.revoking) continue;
    if (asked) {
      // Started again with the same share, it would use more than its share again.
      const requeue = request.restartable && asked.reason !== 'overuse';
      revoke(draft, leaseId, { ...asked, requeue });
    } else if (maxTimeOf(lease) <= draft.now) {
      const message = `it has run for its ${request.maxSeconds} s`;
      revoke(draft, leaseId, { reason: 'max-time', message });
    }
  }
}
