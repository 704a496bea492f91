import type { HeldLease, HostState } from '../state.ts';
import { type Draft, expire, setLease } from './draft.ts';

/** Hosts that have been silent for too long: their leases are over, nothing is granted there. */
export function lapseHosts(draft: Draft): void {
  const { now } = draft;
  const { hostLapseMs } = draft.state.config;
  for (const host of Object.values(draft.state.hosts)) {
    if (host.lapsed || now - host.lastHeartbeatAt < hostLapseMs) continue;
    const { hostId } = host;
    const hosts = { ...draft.state.hosts, [hostId]: { ...host, lapsed: true } };
    draft.state = { ...draft.state, hosts };
    const seconds = Math.round((now - host.lastHeartbeatAt) / 1000);
    const message = `host ${hostId} has been silent for ${seconds} s`;
    for (const lease of Object.values(draft.state.leases)) {
      if (isOn(lease, hostId)) endLapsed(draft, lease, message);
    }
  }
}

/** A machine that has not come back for so long is taken for another one when it does, ms. */
const forgottenAfterMs = 7 * 24 * 3_600_000;

/**
 * Lets go of hosts that are gone for good: where machines come and go under new names, the pool would
 * grow for ever. What still runs on one that comes back all the same is ended first (takeReport).
 * Drained devices stay, or they would come back ready to be lent.
 */
export function forgetHosts(draft: Draft): void {
  const { state, now } = draft;
  const devices = Object.values(state.devices);
  const drained = new Set(devices.filter(({ draining }) => draining).map(({ hostId }) => hostId));
  const isGone = ({ hostId, lapsed, lastHeartbeatAt }: HostState) =>
    lapsed && now - lastHeartbeatAt >= forgottenAfterMs && !drained.has(hostId);
  const gone = new Set(
    Object.values(state.hosts)
      .filter(isGone)
      .map(({ hostId }) => hostId),
  );
  if (gone.size === 0) return;
  const left = <T extends { hostId: string }>(record: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(record).filter(([, { hostId }]) => !gone.has(hostId)));
  draft.state = { ...state, hosts: left(state.hosts), devices: left(state.devices) };
}

function isOn(lease: HeldLease, hostId: string): boolean {
  return lease.hosts.some((host) => host.hostId === hostId);
}

/** Whoever restarts by itself waits again at once. */
function endLapsed(draft: Draft, lease: HeldLease, message: string): void {
  const { revoking, request } = lease;
  const over: HeldLease = {
    ...lease,
    revoking: {
      reason: 'host-lapsed',
      message,
      graceUntil: draft.now,
      requeue: revoking ? revoking.requeue : request.restartable,
      shrinkTo: revoking?.shrinkTo ?? null,
    },
  };
  setLease(draft, over);
  expire(draft, over, 'host-lapsed', message);
}
