import type { PoolState } from '../state.ts';
import { maxTimeOf } from './expiry.ts';
import { currentOrNext } from './reservationWindow.ts';

/** When to decide again at the latest: the earliest deadline after `now`; null when there is none. */
export function dueAt(state: PoolState, now: number): number | null {
  let due = Infinity;
  const consider = (at: number) => {
    if (at > now && at < due) due = at;
  };
  const { heartbeatMs, hostLapseMs, minRunMs } = state.config;
  for (const { lapsed, lastHeartbeatAt } of Object.values(state.hosts)) {
    if (lapsed) continue;
    consider(lastHeartbeatAt + hostLapseMs);
    // Tells an outage of the pool from the silence of a host: see outage.ts.
    consider(lastHeartbeatAt + 1.5 * heartbeatMs);
  }
  const isAnyWaiting = Object.keys(state.waiting).length > 0;
  for (const lease of Object.values(state.leases)) {
    if (lease.revoking) {
      // Without any grace, notice and end are two decisions all the same.
      consider(Math.max(lease.revoking.graceUntil, now + 1));
      continue;
    }
    consider(lease.expiresAt);
    consider(maxTimeOf(lease));
    const { preemptible, restartable } = lease.request;
    if (isAnyWaiting && (preemptible || restartable)) consider(lease.grantedAt + minRunMs);
  }
  for (const { window } of state.teams.reservations) {
    const next = currentOrNext(window, now);
    if (next) consider(next.from > now ? next.from : next.to);
  }
  return due === Infinity ? null : due;
}
