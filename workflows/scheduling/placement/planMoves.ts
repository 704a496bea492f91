import type { Resources } from '../../contracts/pool/requests.ts';
import type { Placement } from '../state.ts';
import { findRooms, type Room } from './findRooms.ts';
import { occupy, type PlaceOptions, place, vacate } from './place.ts';
import type { PlacementIndex } from './placementIndex.ts';
import { taskOf } from './task.ts';

/** A lease that may be revoked with notice and granted again elsewhere. */
export interface MovableLease {
  leaseId: string;
  resources: Resources;
  /** Where it is now: taken in the index. */
  placement: Placement;
  /** Its trust domain, as it was occupied with. */
  domain?: string;
}

export interface MovePlan {
  /** Where the request goes when the moves are done. */
  placement: Placement;
  moves: { leaseId: string; from: Placement; to: Placement }[];
}

/** Hosts that are tried out in full; the others are only looked at. */
const triedHosts = 16;

/**
 * Finds at most `maxMoves` leases that can all go elsewhere at once, so that a request that fits
 * nowhere fits on their host: the fewest moves, then the least compute moved, then the order of
 * hosts. The index is as before afterwards. Gangs over several hosts are not made room for.
 * @returns undefined where there is no such plan, or none among the likeliest hosts
 */
export function planMoves(
  index: PlacementIndex,
  resources: Resources,
  movable: readonly MovableLease[],
  maxMoves: number,
  options: PlaceOptions = {},
): MovePlan | undefined {
  if (index.policy.pick) return undefined;
  const task = taskOf(resources, options.domain);
  const rooms = findRooms(index, task, movable, maxMoves, options.exclude);
  for (const room of rooms.slice(0, triedHosts)) {
    const plan = tryOut(index, resources, room, options);
    if (plan) return plan;
  }
  return undefined;
}

/** Moves on the index itself and takes every step back. */
function tryOut(
  index: PlacementIndex,
  resources: Resources,
  { hostId, leases }: Room,
  options: PlaceOptions,
): MovePlan | undefined {
  const undo: (() => void)[] = [];
  for (const { placement, domain } of leases) {
    vacate(index, placement);
    undo.push(() => occupy(index, placement, domain));
  }
  const settle = (placement: Placement | undefined, domain?: string): Placement | undefined => {
    if (!placement) return undefined;
    occupy(index, placement, domain);
    undo.push(() => vacate(index, placement));
    return placement;
  };
  const there = { ...resources, hosts: [hostId], spanHosts: false };
  const placement = settle(place(index, there, options), options.domain);
  const moves: MovePlan['moves'] = [];
  for (const { leaseId, resources: wanted, placement: from, domain } of placement ? leases : []) {
    const to = settle(place(index, wanted, { exclude: options.exclude, domain }), domain);
    if (!to) break;
    moves.push({ leaseId, from, to });
  }
  for (const step of undo.reverse()) step();
  return placement && moves.length === leases.length ? { placement, moves } : undefined;
}
