import type { HeldLease } from '../state.ts';
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
