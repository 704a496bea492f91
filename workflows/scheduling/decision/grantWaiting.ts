import { openLedger } from '../fairness/ledger.ts';
import { isLimitedTeam, limitReached } from '../fairness/limits.ts';
import { heldVector, wantedVector } from '../fairness/teamUsage.ts';
import { agedRequests } from '../order.ts';
import type { WaitingRequest } from '../state.ts';
import { holdForHead } from './backfill.ts';
import type { Draft } from './draft.ts';
import { moveFor } from './moves.ts';
import { preemptFor } from './preemption.ts';
import { keepPromises } from './promises.ts';
import { reservationHolds } from './reservations.ts';
import { grantNow, openRound, type Round, tryPlace } from './round.ts';

type Outcome = 'granted' | 'promised' | 'limited' | 'blocked';

/**
 * Gives out what is free, in the queue's order, shares being weighed anew after each grant. The first
 * request that fits nowhere is the head: those behind it may not delay it.
 */
export function grantWaiting(draft: Draft): void {
  const ledger = openLedger(draft.state, draft.now);
  keepPromises(draft, ledger);
  const { state, now } = draft;
  const waiting = Object.values(state.waiting).filter(({ promised }) => !promised);
  if (waiting.length === 0) return;
  const round = openRound(draft, waiting, ledger, reservationHolds(state, now));
  const tried = new Set<WaitingRequest>();
  let hasHead = false;
  for (const aged of agedRequests(waiting, state.config.agingMs, now)) {
    tried.add(aged);
    const outcome = start(round, aged);
    // Who waits for a limit of its own team is in nobody's way, and hides nobody.
    if (outcome === 'limited') continue;
    hasHead = outcome === 'blocked';
    if (hasHead) round.holds.push(...holdForHead(round, aged, true));
    break;
  }
  for (let next = round.queue.next(); next; next = round.queue.next()) {
    if (tried.has(next) || start(round, next) !== 'blocked' || hasHead) continue;
    hasHead = true;
    const { requestId } = next.request;
    const head = { ...next, blockedSince: next.blockedSince ?? now };
    draft.state.waiting[requestId] = head;
    round.holds.push(...holdForHead(round, head, false));
  }
}

function start(round: Round, waiting: WaitingRequest): Outcome {
  const { teams } = round.draft.state;
  const { team, resources } = waiting.request;
  const isOver = (wanted: ReturnType<typeof wantedVector>) =>
    limitReached(teams, round.ledger.bound, team, wanted) !== undefined;
  const hasLimit = isLimitedTeam(teams, team);
  let isLimited = hasLimit && isOver(wantedVector(resources));
  const placement = isLimited ? undefined : tryPlace(round, waiting);
  if (placement) {
    isLimited = hasLimit && isOver(heldVector(placement));
    if (!isLimited) {
      grantNow(round, waiting, placement);
      return 'granted';
    }
  }
  if (preemptFor(round, waiting)) return 'promised';
  if (isLimited) return 'limited';
  return moveFor(round, waiting) ? 'promised' : 'blocked';
}
