import type { HostReport, LinkType, PoolDevice } from '../../workflows/contracts/pool/devices.ts';
import {
  type LeaseRequest,
  type Resources,
  wholeDevices,
} from '../../workflows/contracts/pool/requests.ts';
import { noTeams, type Team, type TeamsConfig } from '../../workflows/contracts/pool/teams.ts';
import { submitRequest } from '../../workflows/scheduling/events/submitRequest.ts';
import { takeReport } from '../../workflows/scheduling/events/takeReport.ts';
import { initialState } from '../../workflows/scheduling/initialState.ts';
import type { HeldLease, PoolState } from '../../workflows/scheduling/state.ts';

/** Some time within a Wednesday, UTC. */
export const noon = Date.UTC(2026, 3, 1, 12);

/** Devices `<host>.gpu0`, … of a host, each pair linked by `link` where one is given. */
export function gpus(
  hostId: string,
  count: number,
  change: Partial<PoolDevice> = {},
  link?: LinkType,
): PoolDevice[] {
  const ids = Array.from({ length: count }, (_, at) => `${hostId}.gpu${at}`);
  return ids.map((deviceId, at) => ({
    deviceId,
    hostId,
    taskQueue: `device.${deviceId}`,
    kind: 'cuda',
    label: `cuda${at}`,
    model: 'NVIDIA A100',
    memoryMib: 40_000,
    maxShares: 48,
    mig: null,
    links: link
      ? Object.fromEntries(ids.filter((id) => id !== deviceId).map((id) => [id, link]))
      : {},
    fabric: null,
    ...change,
  }));
}

export function reportOf(
  hostId: string,
  devices: PoolDevice[],
  change: Partial<HostReport> = {},
): HostReport {
  return {
    hostId,
    generation: 'first',
    sequence: 1,
    cpuMilli: 64_000,
    memoryMib: 256_000,
    devices,
    working: [],
    draining: false,
    ...change,
  };
}

/** A pool that has heard these reports. */
export function poolWith(
  reports: HostReport[],
  teams: TeamsConfig = noTeams,
  now: number = noon,
): PoolState {
  return reports.reduce(
    (state, report) => takeReport(state, report, now),
    initialState('test', {}, teams),
  );
}

export function requestOf(
  requestId: string,
  resources: Partial<Resources> = {},
  change: Partial<Omit<LeaseRequest, 'requestId' | 'resources'>> = {},
): LeaseRequest {
  return {
    requestId,
    team: 'default',
    priority: 0,
    preemptible: false,
    restartable: false,
    resources: { ...wholeDevices(1), ...resources },
    expectedSeconds: null,
    maxSeconds: null,
    latencyGoalMs: null,
    label: '',
    profileKey: null,
    holder: { workflowId: `work/${requestId}`, runId: 'run-1' },
    ...change,
  };
}

/** Submits requests one millisecond apart; each has to be taken. */
export function withWaiting(state: PoolState, requests: LeaseRequest[], now = noon): PoolState {
  return requests.reduce((left, request, at) => {
    const submitted = submitRequest(left, request, now + at);
    if (submitted.refusal) throw new Error(submitted.refusal.message);
    return submitted.state;
  }, state);
}

/** As if `request` had been granted on these devices before; whole ones unless `share` says less. */
export function holding(
  state: PoolState,
  request: LeaseRequest,
  deviceIds: string[],
  {
    grantedAt = noon,
    share,
    ...change
  }: Partial<HeldLease> & { share?: { milli: number; memoryMib: number } } = {},
): PoolState {
  const epochs = { ...state.epochs };
  const devices = deviceIds.map((deviceId) => {
    const epoch = (epochs[deviceId] ?? 0) + 1;
    epochs[deviceId] = epoch;
    const whole = { milli: 1000, memoryMib: state.devices[deviceId]?.memoryMib ?? 0 };
    return { deviceId, epoch, ...(share ?? whole) };
  });
  const hostIds = [...new Set(deviceIds.map((id) => state.devices[id]?.hostId ?? ''))];
  const { cpuMilli, hostMemoryMib } = request.resources;
  const lease: HeldLease = {
    leaseId: request.requestId,
    request,
    submittedAt: grantedAt,
    grants: 1,
    grantedAt,
    renewedAt: grantedAt,
    expiresAt: grantedAt + state.config.leaseLifeMs,
    devices,
    hosts: hostIds.map((hostId) => ({
      hostId,
      cpuMilli: cpuMilli / hostIds.length,
      memoryMib: hostMemoryMib / hostIds.length,
    })),
    revoking: null,
    latency: null,
    ...change,
  };
  return { ...state, epochs, leases: { ...state.leases, [lease.leaseId]: lease } };
}

export function teamOf(change: Partial<Team> = {}): Team {
  return { quota: {}, limit: {}, weight: 1, trustDomain: null, children: {}, ...change };
}

export function teamsOf(
  teams: Record<string, Team>,
  change: Partial<TeamsConfig> = {},
): TeamsConfig {
  return { ...noTeams, teams, ...change };
}
