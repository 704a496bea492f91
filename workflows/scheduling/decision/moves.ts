import { leave, take } from '../fairness/ledger.ts';
import { limitReached } from '../fairness/limits.ts';
import { heldVector } from '../fairness/teamUsage.ts';
import { occupy } from '../placement/place.ts';
import { type MovableLease, planMoves } from '../placement/planMoves.ts';
import { trustDomainOf } from '../placement/trustDomain.ts';
import type { WaitingRequest } from '../state.ts';
import { revoke } from './draft.ts';
import { exclusionFor } from './holds.ts';
import { roomIn } from './room.ts';
import { domainOf, promise, type Round } from './round.ts';

/**
 * Makes room for a request that fits nowhere although enough is free in all: a few restartable leases
 * go elsewhere (placement.md: bounded migration). They have notice, and their new places are kept for
 * them as the request's place is for it. Says whether it did.
 */
export function moveFor(round: Round, waiting: WaitingRequest): boolean {
  const { draft, budget } = round;
  const { team, resources, requestId } = waiting.request;
  const { maxMoves } = draft.state.config;
  if (maxMoves < 1 || budget.moves <= 0) return false;
  round.room ??= roomIn(round.index);
  if (round.room.milli < resources.devices * resources.milli) return false;
  const movable = movableLeases(round);
  budget.moves = movable.length === 0 ? 0 : budget.moves - 1;
  if (movable.length === 0) return false;
  const { exclude } = exclusionFor(round.holds, waiting, draft.now);
  const domain = domainOf(round, waiting);
  const options = exclude ? { exclude, domain } : { domain };
  const plan = planMoves(round.index, resources, movable, maxMoves, options);
  if (!plan) return false;
  const wanted = heldVector(plan.placement);
  if (limitReached(draft.state.teams, round.ledger.bound, team, wanted)) return false;
  const message = `moved elsewhere to make room for request ${requestId} of team ${team}`;
  for (const { leaseId, to } of plan.moves) {
    const lease = draft.state.leases[leaseId]!;
    leave(round.ledger, lease.request.team, lease);
    take(round.ledger, lease.request.team, to);
    occupy(round.index, to, trustDomainOf(draft.state.teams, lease.request.team));
    revoke(draft, leaseId, { reason: 'moved', message, requeue: true, movedTo: to });
    round.queue.recharge(lease.request.team);
  }
  const victims = plan.moves.map(({ leaseId }) => leaseId);
  promise(round, waiting, plan.placement, victims);
  return true;
}

function movableLeases({ draft }: Round): MovableLease[] {
  const { state, now } = draft;
  return Object.values(state.leases)
    .filter(
      ({ request, revoking, grantedAt }) =>
        request.restartable && !revoking && now - grantedAt >= state.config.minRunMs,
    )
    .map(({ leaseId, request, devices, hosts }) => ({
      leaseId,
      resources: request.resources,
      placement: { devices, hosts, worstLink: null, score: 0 },
      domain: trustDomainOf(state.teams, request.team),
    }));
}
