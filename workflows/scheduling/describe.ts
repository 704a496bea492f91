import type {
  DeviceDescription,
  LeaseDescription,
  PoolDescription,
} from '../contracts/pool/description.ts';
import { describeTeams } from './describeTeams.ts';
import { lookup } from './lookup.ts';
import { orderWaiting } from './order.ts';
import { buildIndex } from './placement/indexFromState.ts';
import type { PlacementDevice } from './placement/placementIndex.ts';
import type { DeviceState, HeldLease, HostState, PoolState } from './state.ts';
import { type LinkedDevice, linkOfRank, pairRank } from './topology/linkRank.ts';

/** The whole pool for people and scripts, each list in a fixed order. */
export function describePool(state: PoolState, now: number): PoolDescription {
  const index = buildIndex(state, now);
  const hosts = Object.values(state.hosts).sort(by(({ hostId }) => hostId));
  const free = new Map(index.nodes.flatMap((node) => node.devices.map((d) => [d.deviceId, d])));
  const leases = Object.values(state.leases).sort((a, b) => a.grantedAt - b.grantedAt);
  return {
    pool: state.pool,
    at: now,
    hosts: hosts.map((host) => {
      const node = index.byHost.get(host.hostId);
      const { hostId, lastHeartbeatAt, cpuMilli, memoryMib } = host;
      const freeCpuMilli = node?.cpuFreeMilli ?? 0;
      const freeMemoryMib = node?.memoryFreeMib ?? 0;
      const state = hostState(host);
      return { hostId, state, lastHeartbeatAt, cpuMilli, freeCpuMilli, memoryMib, freeMemoryMib };
    }),
    devices: Object.values(state.devices)
      .sort(by(({ hostId, label, deviceId }) => `${hostId} ${label.padStart(12)} ${deviceId}`))
      .map((device) => describeDevice(state, device, free.get(device.deviceId), leases)),
    leases: leases.map((lease) => describeLease(state, lease)),
    queue: orderWaiting(state, now).map(({ request, submittedAt }, index) => {
      const { requestId, team, label, holder, priority, resources } = request;
      const position = index + 1;
      return { requestId, team, label, holder, priority, resources, submittedAt, position };
    }),
    teams: describeTeams(state, now),
    config: state.config,
    reservations: state.teams.reservations,
    prices: state.teams.prices,
    currency: state.teams.currency,
    totals: state.totals,
  };
}

const by =
  <T>(key: (value: T) => string) =>
  (a: T, b: T): number =>
    key(a) < key(b) ? -1 : 1;

const hostState = ({ lapsed, draining }: HostState): 'live' | 'draining' | 'lapsed' =>
  lapsed ? 'lapsed' : draining ? 'draining' : 'live';

function describeDevice(
  state: PoolState,
  device: DeviceState,
  free: PlacementDevice | undefined,
  leases: readonly HeldLease[],
): DeviceDescription {
  const { deviceId, label, hostId, kind, model, memoryMib } = device;
  const holders = leases
    .filter((lease) => lease.devices.some((held) => held.deviceId === deviceId))
    .map(({ leaseId }) => leaseId);
  return {
    ...{ deviceId, label, hostId, kind, model, memoryMib },
    freeMilli: free?.freeMilli ?? 0,
    freeMemoryMib: free?.freeMemoryMib ?? 0,
    state: deviceState(state, device, free, holders.length),
    holders,
  };
}

function deviceState(
  state: PoolState,
  device: DeviceState,
  free: PlacementDevice | undefined,
  holders: number,
): DeviceDescription['state'] {
  const host = lookup(state.hosts, device.hostId);
  if (device.missing || host === undefined || host.lapsed) return 'lapsed';
  if (device.draining || host.draining) return 'draining';
  if (holders === 0 && device.clearing.length > 0) return 'clearing';
  if (holders > 0) return free !== undefined && free.freeMilli > 0 ? 'shared' : 'lent';
  // Nobody is on it, and yet it is taken: it is promised.
  return free !== undefined && free.shares > 0 ? 'reserved' : 'free';
}

function describeLease(state: PoolState, lease: HeldLease): LeaseDescription {
  const { leaseId, request, grantedAt, expiresAt, devices } = lease;
  const { requestId, team, label, holder, priority } = request;
  return {
    ...{ leaseId, requestId, team, label, holder, priority, grantedAt, expiresAt },
    revoking: lease.revoking?.reason ?? null,
    devices,
    worstLink: worstLink(devices.flatMap(({ deviceId }) => lookup(state.devices, deviceId) ?? [])),
  };
}

/** null for one device, and as soon as one link is unknown. */
function worstLink(devices: readonly LinkedDevice[]): string | null {
  const ranks = devices.flatMap((device, at) =>
    devices.slice(at + 1).map((other) => pairRank(device, other)),
  );
  return ranks.length === 0 ? null : linkOfRank(Math.min(...ranks));
}
