import type { ResourceVector } from '../../contracts/pool/teams.ts';
import type { PoolState } from '../state.ts';
import { decayedTo, meanOfHolding } from './decayedUsage.ts';
import { addScaled, noResources } from './resourceVector.ts';
import { addToTeam, heldVector, poolCapacity } from './teamUsage.ts';

/**
 * Who uses what, by team path and, under the path with a `/` at its end, by the team itself without
 * those below it. Changed while a decision is made.
 */
export interface Ledger {
  capacity: ResourceVector;
  /** Of leases, those being revoked included, and promises: what limits are held against. */
  bound: Map<string, ResourceVector>;
  /** Of leases that are not being revoked, and promises: what shares and quotas are made of. */
  committed: Map<string, ResourceVector>;
  /** Mean of past use, running leases included. */
  past: Map<string, ResourceVector>;
}

export function openLedger(state: PoolState, now: number): Ledger {
  const { usageHalfLifeMs } = state.config;
  const ledger: Ledger = {
    capacity: poolCapacity(state),
    bound: new Map(),
    committed: new Map(),
    past: new Map(),
  };
  for (const [path, usage] of Object.entries(state.usage)) {
    ledger.past.set(path, decayedTo(usage, now, usageHalfLifeMs));
  }
  for (const lease of Object.values(state.leases)) {
    const vector = heldVector(lease);
    const team = ownOf(lease.request.team);
    addToTeam(ledger.bound, team, vector, 1);
    if (!lease.revoking) addToTeam(ledger.committed, team, vector, 1);
    const mean = meanOfHolding(vector, lease.grantedAt, now, usageHalfLifeMs);
    addToTeam(ledger.past, team, mean, 1);
    // The place that a moved lease goes to is its team's as much as a promise is.
    if (lease.revoking?.movedTo) take(ledger, lease.request.team, lease.revoking.movedTo);
  }
  for (const { promised, request } of Object.values(state.waiting)) {
    if (promised) take(ledger, request.team, promised);
  }
  return ledger;
}

export function ownOf(team: string): string {
  return `${team}/`;
}

export function committedOf(ledger: Ledger, path: string): ResourceVector {
  return ledger.committed.get(path) ?? noResources;
}

/** A grant or a promise. */
export function take(
  ledger: Ledger,
  team: string,
  held: Parameters<typeof heldVector>[0],
  factor = 1,
): void {
  const vector = heldVector(held);
  addToTeam(ledger.bound, ownOf(team), vector, factor);
  addToTeam(ledger.committed, ownOf(team), vector, factor);
}

/** A lease has notice: it still counts against limits, but no longer for its team's share. */
export function leave(ledger: Ledger, team: string, held: Parameters<typeof heldVector>[0]): void {
  addToTeam(ledger.committed, ownOf(team), heldVector(held), -1);
}

/** What orders teams: what is held now together with the mean of what was. */
export function sharedUse(ledger: Ledger, path: string): ResourceVector {
  return addScaled(committedOf(ledger, path), ledger.past.get(path) ?? noResources);
}
