import type { HeldLease, HostState, PoolState } from '../state.ts';

/** A busy server's timers are as late as that without anybody having been away, ms. */
const usualLatenessMs = 2_000;

/**
 * The pool itself was away, not its hosts, when it runs much later than it was to: more than 2 s, and
 * half a heartbeat past `dueAt` or after a silence of one and a half heartbeats. `dueAt` is never
 * further away than a live host's next heartbeat is late, so a silent host alone never looks like an
 * outage. Every expiry, grace and lapse is then put off by the time that the pool was away.
 */
export function extendForOutage(state: PoolState, now: number): PoolState {
  const gap = now - state.tickAt;
  if (state.dueAt === null || state.tickAt === 0 || gap <= 0) return state;
  const late = now - state.dueAt;
  const isAnyLive = Object.values(state.hosts).some(({ lapsed }) => !lapsed);
  const { heartbeatMs } = state.config;
  if (late <= usualLatenessMs) return state;
  const wasAway = late > heartbeatMs / 2 || (isAnyLive && gap > 1.5 * heartbeatMs);
  return wasAway ? putOff(state, now, gap) : state;
}

function putOff(state: PoolState, now: number, gap: number): PoolState {
  const { leaseLifeMs, graceMs } = state.config;
  const later = (at: number, atMost: number) => Math.max(at, Math.min(at + gap, atMost));
  const leases: Record<string, HeldLease> = {};
  for (const [id, lease] of Object.entries(state.leases)) {
    const { revoking } = lease;
    leases[id] = {
      ...lease,
      expiresAt: later(lease.expiresAt, now + leaseLifeMs),
      revoking: revoking && {
        ...revoking,
        graceUntil: later(revoking.graceUntil, now + graceMs),
      },
    };
  }
  const hosts: Record<string, HostState> = {};
  for (const [id, host] of Object.entries(state.hosts)) {
    hosts[id] = host.lapsed ? host : { ...host, lastHeartbeatAt: later(host.lastHeartbeatAt, now) };
  }
  return { ...state, leases, hosts };
}
