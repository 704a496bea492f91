import { limitReached } from '../../../workflows/scheduling/fairness/limits.ts';
import { noResources } from '../../../workflows/scheduling/fairness/resourceVector.ts';
import { heldVector, teamUsage } from '../../../workflows/scheduling/fairness/teamUsage.ts';
import { trustDomainOf } from '../../../workflows/scheduling/placement/trustDomain.ts';
import type { PoolState } from '../../../workflows/scheduling/state.ts';

/** What must hold of every state; each violation as one line. */
export function violations(state: PoolState): string[] {
  return [...overDevices(state), ...overHosts(state), ...overLimits(state), ...gangs(state)];
}

function overDevices(state: PoolState): string[] {
  return Object.values(state.devices).flatMap((device) => {
    const { deviceId } = device;
    const holders = Object.values(state.leases).flatMap((lease) =>
      lease.devices
        .filter((one) => one.deviceId === deviceId)
        .map((one) => ({ ...one, domain: trustDomainOf(state.teams, lease.request.team) })),
    );
    const shares = [...holders, ...device.clearing];
    const milli = shares.reduce((sum, one) => sum + one.milli, 0);
    const memory = shares.reduce((sum, one) => sum + one.memoryMib, 0);
    const found: string[] = [];
    if (milli > 1000) found.push(`${deviceId}: ${milli} thousandths`);
    if (memory > device.memoryMib) found.push(`${deviceId}: ${memory} MiB`);
    if (shares.length > device.maxShares) found.push(`${deviceId}: ${shares.length} shares`);
    if (new Set(holders.map(({ domain }) => domain)).size > 1) found.push(`${deviceId}: domains`);
    if (shares.some((one) => one.milli === 1000) && shares.length > 1) {
      found.push(`${deviceId}: whole, and shared`);
    }
    const epochs = shares.map(({ epoch }) => epoch);
    if (new Set(epochs).size < epochs.length) found.push(`${deviceId}: epoch twice`);
    if (epochs.some((epoch) => epoch > (state.epochs[deviceId] ?? 0))) {
      found.push(`${deviceId}: epoch above the highest`);
    }
    return found;
  });
}

function overHosts(state: PoolState): string[] {
  return Object.values(state.hosts).flatMap(({ hostId, cpuMilli, memoryMib }) => {
    const parts = Object.values(state.leases)
      .flatMap(({ hosts }) => hosts)
      .filter((part) => part.hostId === hostId);
    const cpu = parts.reduce((sum, part) => sum + part.cpuMilli, 0);
    const memory = parts.reduce((sum, part) => sum + part.memoryMib, 0);
    return cpu > cpuMilli || memory > memoryMib ? [`${hostId}: ${cpu} CPU, ${memory} MiB`] : [];
  });
}

function overLimits(state: PoolState): string[] {
  const use = teamUsage(state);
  return [...use.keys()].flatMap((team) => {
    const reached = limitReached(state.teams, use, team, noResources);
    return reached ? [`${team}: ${reached.used} ${reached.resource} of ${reached.limit}`] : [];
  });
}

/** A lease has all its devices from the first moment, and nothing waits that holds. */
function gangs(state: PoolState): string[] {
  const partial = Object.values(state.leases).filter(
    ({ devices, request }) => devices.length !== request.resources.devices,
  );
  const holding = new Set(Object.values(state.leases).map(({ request }) => request.requestId));
  const both = Object.keys(state.waiting).filter((requestId) => holding.has(requestId));
  return [
    ...partial.map(({ leaseId, devices }) => `${leaseId}: only ${devices.length} devices`),
    ...both.map((requestId) => `${requestId}: holds and waits`),
  ];
}

/** What teams use at the top is what leases take, all in all. */
export function usageDifference(state: PoolState): number {
  const use = teamUsage(state);
  const tops = [...use].filter(([team]) => !team.includes('/')).map(([, vector]) => vector);
  const leases = Object.values(state.leases).map((lease) => heldVector(lease));
  const total = (vectors: (typeof noResources)[]) =>
    vectors.reduce(
      (sum, one) => sum + one.milli + one.memoryMib + one.cpuMilli + one.hostMemoryMib,
      0,
    );
  return total(tops) - total(leases);
}
