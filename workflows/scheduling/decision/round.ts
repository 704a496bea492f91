import { createFairQueue, type FairQueue } from '../fairness/fairQueue.ts';
import { type Ledger, take } from '../fairness/ledger.ts';
import { buildIndex } from '../placement/indexFromState.ts';
import { occupy, place } from '../placement/place.ts';
import type { PlacementIndex } from '../placement/placementIndex.ts';
import { trustDomainOf } from '../placement/trustDomain.ts';
import type { HeldLease, Placement, WaitingRequest } from '../state.ts';
import type { Draft } from './draft.ts';
import { grant } from './grant.ts';
import { exclusionFor, type Hold } from './holds.ts';

/** The part of a decision that gives out what is free. */
export interface Round {
  draft: Draft;
  index: PlacementIndex;
  ledger: Ledger;
  queue: FairQueue;
  holds: Hold[];
  /** Shapes that fitted nowhere: nothing is freed within a round, so they will not fit later either. */
  failed: Set<string>;
  /** How often plans that need a search may still be tried: they bound a decision's time. */
  budget: { preemptions: number; moves: number };
  /** What may be revoked, in order; null after a change. */
  revocable: HeldLease[] | null;
}

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
    failed: new Set(),
    budget: { preemptions: 16, moves: 2 },
    revocable: null,
  };
}

/** Where a request fits now, holds regarded; undefined when nowhere. */
export function tryPlace(round: Round, waiting: WaitingRequest): Placement | undefined {
  const { request } = waiting;
  const { key, exclude } = exclusionFor(round.holds, waiting, round.draft.now);
  const domain = domainOf(round, waiting);
  const shape = `${key} ${domain} ${JSON.stringify(request.resources)}`;
  if (round.failed.has(shape)) return undefined;
  const placement = place(
    round.index,
    request.resources,
    exclude ? { exclude, domain } : { domain },
  );
  if (!placement) round.failed.add(shape);
  return placement;
}

export function domainOf(round: Round, waiting: WaitingRequest): string {
  return trustDomainOf(round.draft.state.teams, waiting.request.team);
}

export function grantNow(round: Round, waiting: WaitingRequest, placement: Placement): void {
  const { team } = waiting.request;
  grant(round.draft, waiting, placement);
  occupy(round.index, placement, domainOf(round, waiting));
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
  const { draft } = round;
  const { requestId, team } = waiting.request;
  draft.state.waiting[requestId] = { ...waiting, promised, victims };
  take(round.ledger, team, promised);
  round.queue.recharge(team);
  round.index = buildIndex(draft.state, draft.now);
  round.revocable = null;
}
