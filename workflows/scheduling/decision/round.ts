import { createFairQueue, type FairQueue } from '../fairness/fairQueue.ts';
import { type Ledger, take } from '../fairness/ledger.ts';
import { buildIndex } from '../placement/indexFromState.ts';
import { occupy, place } from '../placement/place.ts';
import type { PlacementIndex } from '../placement/placementIndex.ts';
import { trustDomainOf } from '../placement/trustDomain.ts';
import { shapeKey } from '../shapeKey.ts';
import type { HeldLease, Placement, WaitingRequest } from '../state.ts';
import type { Draft } from './draft.ts';
import { grant } from './grant.ts';
import { exclusionFor, type Hold } from './holds.ts';
import { mayFit, type Room, roomIn } from './room.ts';

/** The part of a decision that gives out what is free. */
export interface Round {
  draft: Draft;
  index: PlacementIndex;
  ledger: Ledger;
  queue: FairQueue;
  holds: Hold[];
  /** Shapes that fitted nowhere: nothing is freed within a round, so they will not fit later either. */
  failed: Map<string, Set<string>>;
  /** What is free at most; null after a change. */
  room: Room | null;
  /** How often plans that need a search may still be tried: they bound a decision's time. */
  budget: { preemptions: number; moves: number };
  /** What may be revoked, in order; null after a change. */
  revocable: HeldLease[] | null;
  /** Trust domains by team. */
  domains: Map<string, string>;
}

/** Domain of devices that nobody may join. */
const nobody = 'promised';

export function openRound(
  draft: Draft,
  waiting: readonly WaitingRequest[],
  ledger: Ledger,
  holds: Hold[],
): Round {
  return {
    draft,
    index: buildIndex(draft.state, draft.now),
    ledger,
    queue: createFairQueue(draft.state, waiting, ledger),
    holds,
    failed: new Map(),
    room: null,
    budget: { preemptions: 8, moves: 1 },
    revocable: null,
    domains: new Map(),
  };
}

/** Where a request fits now, holds regarded; undefined when nowhere. */
export function tryPlace(round: Round, waiting: WaitingRequest): Placement | undefined {
  const { resources } = waiting.request;
  round.room ??= roomIn(round.index);
  if (!mayFit(round.room, resources)) return undefined;
  const { key, exclude } = exclusionFor(round.holds, waiting, round.draft.now);
  const domain = domainOf(round, waiting);
  const failed = failedUnder(round, resources.milli < 1000 ? `${key} ${domain}` : key);
  const shape = shapeKey(resources);
  if (failed.has(shape)) return undefined;
  const placement = place(round.index, resources, exclude ? { exclude, domain } : { domain });
  if (!placement) failed.add(shape);
  return placement;
}

/** Shapes that have failed under the same conditions. */
export function failedUnder({ failed }: Round, conditions: string): Set<string> {
  let shapes = failed.get(conditions);
  if (!shapes) {
    shapes = new Set();
    failed.set(conditions, shapes);
  }
  return shapes;
}

export function domainOf(round: Round, { request }: WaitingRequest): string {
  let domain = round.domains.get(request.team);
  if (domain === undefined) {
    domain = trustDomainOf(round.draft.state.teams, request.team);
    round.domains.set(request.team, domain);
  }
  return domain;
}

export function grantNow(round: Round, waiting: WaitingRequest, placement: Placement): void {
  const { team } = waiting.request;
  grant(round.draft, waiting, placement);
  occupy(round.index, placement, domainOf(round, waiting));
  round.room = null;
  take(round.ledger, team, placement);
  round.queue.recharge(team);
}

/** Keeps a place that is being emptied for a request. */
export function promise(
  round: Round,
  waiting: WaitingRequest,
  promised: Placement,
  victims: string[],
): void {
  const { draft, index } = round;
  const { requestId, team } = waiting.request;
  draft.state.waiting[requestId] = { ...waiting, promised, victims };
  take(round.ledger, team, promised);
  round.queue.recharge(team);
  round.revocable = null;
  round.room = null;
  const leases = victims.map((leaseId) => draft.state.leases[leaseId]!);
  occupy(index, beyond(promised, leases), domainOf(round, waiting));
  // Until the victims are gone, no domain may share what is left of the devices.
  const ids = new Set(promised.devices.map(({ deviceId }) => deviceId));
  for (const { hostId } of promised.hosts) {
    const node = index.byHost.get(hostId);
    if (!node) continue;
    for (const device of node.devices) if (ids.has(device.deviceId)) device.domain = nobody;
    index.memo.touch(node);
  }
}

/** Of a promise, what its victims do not hold already. */
function beyond(promised: Placement, victims: readonly HeldLease[]): Placement {
  const held = victims.flatMap(({ devices }) => devices);
  const parts = victims.flatMap(({ hosts }) => hosts);
  return {
    ...promised,
    devices: promised.devices.map(({ deviceId, milli, memoryMib }) => {
      const mine = held.filter((one) => one.deviceId === deviceId);
      return {
        deviceId,
        milli: Math.max(0, milli - sum(mine.map((one) => one.milli))),
        memoryMib: Math.max(0, memoryMib - sum(mine.map((one) => one.memoryMib))),
      };
    }),
    hosts: promised.hosts.map(({ hostId, cpuMilli, memoryMib }) => {
      const mine = parts.filter((one) => one.hostId === hostId);
      return {
        hostId,
        cpuMilli: Math.max(0, cpuMilli - sum(mine.map((one) => one.cpuMilli))),
        memoryMib: Math.max(0, memoryMib - sum(mine.map((one) => one.memoryMib))),
      };
    }),
  };
}

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
