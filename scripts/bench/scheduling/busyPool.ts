import type { HostReport } from '../../../workflows/contracts/pool/devices.ts';
import { type LeaseRequest, wholeDevices } from '../../../workflows/contracts/pool/requests.ts';
import type { TeamsConfig } from '../../../workflows/contracts/pool/teams.ts';
import { submitRequest } from '../../../workflows/scheduling/events/submitRequest.ts';
import { takeReport } from '../../../workflows/scheduling/events/takeReport.ts';
import { initialState } from '../../../workflows/scheduling/initialState.ts';
import type { PoolState } from '../../../workflows/scheduling/state.ts';
import type { Random } from './random.ts';

/** Hosts of eight linked devices each; the heartbeat of one of them. */
export function hostReport(hostId: string, devices: number, sequence: number): HostReport {
  const ids = Array.from({ length: devices }, (_, at) => `${hostId}.gpu${at}`);
  return {
    ...{ hostId, generation: 'bench', sequence, cpuMilli: 128_000, memoryMib: 1_024_000 },
    devices: ids.map((deviceId, at) => ({
      ...{ deviceId, hostId, taskQueue: `device.${deviceId}`, kind: 'cuda', label: `cuda${at}` },
      ...{ model: 'NVIDIA H100 80GB HBM3', memoryMib: 81_559, maxShares: 48, mig: null },
      links: Object.fromEntries(ids.filter((id) => id !== deviceId).map((id) => [id, 'NV18'])),
      fabric: null,
    })),
    working: [],
    draining: false,
  };
}

export function poolOf(hosts: number, perHost: number, teams: TeamsConfig, now: number): PoolState {
  let state = initialState('bench', {}, teams);
  for (let at = 0; at < hosts; at++) {
    state = takeReport(state, hostReport(`host${at}`, perHost, 1), now);
  }
  return state;
}

/** A request of a mixed workload: mostly single devices and fractions, some gangs. */
export function mixedRequest(requestId: string, team: string, random: Random): LeaseRequest {
  const kind = random();
  const whole = wholeDevices(kind < 0.5 ? 1 : kind < 0.6 ? 2 : kind < 0.67 ? 4 : 8);
  const milli = 50 * (2 + Math.floor(random() * 14));
  const share = { ...wholeDevices(1), milli, memoryMib: 80 * milli };
  const resources = kind >= 0.5 && kind < 0.9 && random() < 0.75 ? share : whole;
  const cpuMilli = 1000 * (1 + Math.floor(random() * 8)) * resources.devices;
  return {
    requestId,
    team,
    priority: Math.floor(random() * 5),
    preemptible: random() < 0.5,
    restartable: random() < 0.5,
    resources: { ...resources, cpuMilli, hostMemoryMib: 4 * cpuMilli },
    expectedSeconds: random() < 0.5 ? 60 + Math.floor(random() * 7_200) : null,
    maxSeconds: null,
    latencyGoalMs: null,
    label: 'bench',
    profileKey: null,
    holder: { workflowId: `work/${requestId}`, runId: 'bench' },
  };
}

/** The request in the queue; refusals are mistakes of the benchmark. */
export function submitted(state: PoolState, request: LeaseRequest, now: number): PoolState {
  const answer = submitRequest(state, request, now);
  if (answer.refusal) throw new Error(answer.refusal.message);
  return answer.state;
}
