import { expectedEnd } from '../decision/expectedEnd.ts';
import { currentOrNext } from '../decision/reservationWindow.ts';
import { endLease } from '../endLease.ts';
import { orderWaiting } from '../order.ts';
import { schedule } from '../schedule.ts';
import type { PoolState } from '../state.ts';

/** A question must not hold up the pool: so many decisions about so many requests, together. */
const maxWork = 3_000;
const maxDecisions = 48;

/**
 * When a request will start if every lease ends as expected: the pool is played forward, by its own
 * decisions, with the request and those ahead of it. Null where that hangs on something whose end
 * nobody knows, or is too far away.
 */
export function estimateStart(state: PoolState, requestId: string, now: number): number | null {
  let played = withoutLater(state, requestId, now);
  const queued = Object.keys(played.waiting).length + Object.keys(played.leases).length;
  const decisions = Math.min(maxDecisions, Math.floor(maxWork / Math.max(1, queued)));
  const ends = new Map<string, number>();
  let at = now;
  for (let count = 0; count < decisions; count++) {
    noteEnds(ends, played, at);
    const next = nextChange(ends, played, at);
    if (next === null) return null;
    at = next;
    played = schedule(alive(endDue(ends, played, at), at), at).state;
    if (!Object.hasOwn(played.waiting, requestId)) return at;
  }
  return null;
}

/** Who comes later in the queue does not delay it. */
function withoutLater(state: PoolState, requestId: string, now: number): PoolState {
  const order = orderWaiting(state, now);
  const at = order.findIndex(({ request }) => request.requestId === requestId);
  const ahead = order.slice(0, at + 1).map((one) => [one.request.requestId, one] as const);
  return { ...state, waiting: Object.fromEntries(ahead), unrecorded: [], recent: [] };
}

/** An end is expected once: a lease that overran would be given more time at every look. */
function noteEnds(ends: Map<string, number>, state: PoolState, now: number): void {
  for (const lease of Object.values(state.leases)) {
    const known = ends.get(lease.leaseId);
    if (known === undefined || lease.revoking) ends.set(lease.leaseId, expectedEnd(lease, now));
  }
}

/** The next expected end of a lease, or begin or end of a reservation. */
function nextChange(
  ends: ReadonlyMap<string, number>,
  state: PoolState,
  now: number,
): number | null {
  const leases = Object.keys(state.leases).map((leaseId) => ends.get(leaseId) ?? now);
  const windows = state.teams.reservations.flatMap(({ window }) => {
    const next = currentOrNext(window, now);
    return next ? [next.from, next.to] : [];
  });
  const later = [...leases, ...windows].filter((at) => at > now && Number.isFinite(at));
  return later.length === 0 ? null : Math.min(...later);
}

function endDue(ends: ReadonlyMap<string, number>, state: PoolState, now: number): PoolState {
  return Object.values(state.leases)
    .filter(({ leaseId }) => (ends.get(leaseId) ?? now + 1) <= now)
    .reduce((left, lease) => endLease(left, lease.leaseId, 'released', now, lease.devices), state);
}

/** Hosts go on reporting and work goes on renewing; what has ended is cleared at once. */
function alive(state: PoolState, now: number): PoolState {
  const expiresAt = now + state.config.leaseLifeMs;
  return {
    ...state,
    // Played time does not pass in the pool: its leaps are no outage.
    dueAt: null,
    hosts: mapValues(state.hosts, (host) =>
      host.lapsed ? host : { ...host, lastHeartbeatAt: now },
    ),
    leases: mapValues(state.leases, (lease) => ({ ...lease, renewedAt: now, expiresAt })),
    devices: mapValues(state.devices, (device) =>
      device.clearing.length === 0 ? device : { ...device, clearing: [] },
    ),
  };
}

function mapValues<T>(record: Record<string, T>, change: (value: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
