import type { HostLease, HostView } from '../contracts/pool/messages.ts';
import { lookup } from './lookup.ts';
import { trustDomainOf } from './placement/trustDomain.ts';
import type { HeldLease, PoolState } from './state.ts';

/** What a host has to act on; empty for a host that has not reported. */
export function hostView(state: PoolState, hostId: string, _now: number): HostView {
  const host = lookup(state.hosts, hostId);
  const own = Object.values(state.devices).filter((device) => device.hostId === hostId);
  const ids = new Set(own.map(({ deviceId }) => deviceId));
  return {
    pool: state.pool,
    hostId,
    generation: host?.generation ?? '',
    sequence: host?.sequence ?? 0,
    leases: Object.values(state.leases)
      .filter(({ devices }) => devices.some(({ deviceId }) => ids.has(deviceId)))
      .map((lease) => leaseOnHost(state, lease, ids)),
    clearing: own.flatMap(({ deviceId, clearing }) =>
      clearing.map(({ epoch, leaseId, revoked }) => ({
        ...{ deviceId, epoch, leaseId },
        ...(revoked && { revoked }),
      })),
    ),
  };
}

function leaseOnHost(state: PoolState, lease: HeldLease, ids: Set<string>): HostLease {
  const { request, revoking } = lease;
  return {
    leaseId: lease.leaseId,
    requestId: request.requestId,
    team: request.team,
    trustDomain: trustDomainOf(state.teams, request.team),
    holder: request.holder,
    lifeMs: lease.expiresAt - lease.renewedAt,
    expiresAt: lease.expiresAt,
    revoking: revoking && {
      reason: revoking.reason,
      message: revoking.message,
      graceUntil: revoking.graceUntil,
    },
    latencyGoalMs: request.latencyGoalMs,
    devices: lease.devices.filter(({ deviceId }) => ids.has(deviceId)),
  };
}
