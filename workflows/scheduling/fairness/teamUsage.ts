import type { Resources } from '../../contracts/pool/requests.ts';
import type { ResourceVector } from '../../contracts/pool/teams.ts';
import type { HeldLease, Placement, PoolState } from '../state.ts';
import { addScaled, dominantShare, noResources } from './resourceVector.ts';
import { teamAt, teamLevels } from './teamTree.ts';

type Held = Pick<HeldLease, 'hosts'> & {
  devices: readonly { milli: number; memoryMib: number }[];
};

/** What a lease, or a placement, takes. */
export function heldVector(held: Held | Placement): ResourceVector {
  const vector = { ...noResources };
  for (const device of held.devices) {
    vector.milli += device.milli;
    vector.memoryMib += device.memoryMib;
  }
  for (const host of held.hosts) {
    vector.cpuMilli += host.cpuMilli;
    vector.hostMemoryMib += host.memoryMib;
  }
  return vector;
}

/** What a request will take, before its devices are known: of their memory, at least what it asks for. */
export function wantedVector(resources: Resources): ResourceVector {
  return {
    milli: resources.devices * resources.milli,
    memoryMib: resources.devices * resources.memoryMib,
    cpuMilli: resources.cpuMilli,
    hostMemoryMib: resources.hostMemoryMib,
  };
}

/** All that the pool's hosts have, draining ones included, lapsed hosts and missing devices not. */
export function poolCapacity(state: PoolState): ResourceVector {
  const total = { ...noResources };
  for (const device of Object.values(state.devices)) {
    if (device.missing || state.hosts[device.hostId]?.lapsed !== false) continue;
    total.milli += 1000;
    total.memoryMib += device.memoryMib;
  }
  for (const host of Object.values(state.hosts)) {
    if (host.lapsed) continue;
    total.cpuMilli += host.cpuMilli;
    total.hostMemoryMib += host.memoryMib;
  }
  return total;
}

/** What is held now by team path, every level of it. */
export function teamUsage(state: PoolState): Map<string, ResourceVector> {
  const use = new Map<string, ResourceVector>();
  for (const lease of Object.values(state.leases)) {
    addToTeam(use, lease.request.team, heldVector(lease), 1);
  }
  return use;
}

/** Adds to every level of the path; the map is changed, the vectors in it are not. */
export function addToTeam(
  use: Map<string, ResourceVector>,
  team: string,
  vector: ResourceVector,
  factor: number,
): void {
  for (const level of teamLevels(team)) {
    use.set(level, addScaled(use.get(level) ?? noResources, vector, factor));
  }
}

/** Weighted dominant share of what a team holds now. */
export function heldShare(state: PoolState, team: string, use: ResourceVector): number {
  return dominantShare(use, poolCapacity(state)) / teamAt(state.teams, team).weight;
}
