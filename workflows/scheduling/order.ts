import { createFairQueue } from './fairness/fairQueue.ts';
import { openLedger, ownOf } from './fairness/ledger.ts';
import { addToTeam, wantedVector } from './fairness/teamUsage.ts';
import type { PoolState, WaitingRequest } from './state.ts';

/** After so many times `agingMs` as the first in turn, nobody may delay a request any more. */
const agedAfter = 4;

/**
 * The queue's order at `now`: who has a promise, then who has been the first in turn for too long,
 * then fair shares among teams, each request counted as if it had been granted, and within a team
 * priority and age.
 */
export function orderWaiting(state: PoolState, now: number): WaitingRequest[] {
  const waiting = Object.values(state.waiting);
  const first = waiting.filter(({ promised }) => promised !== null).sort(bySubmission);
  const aged = agedRequest(waiting, state.config.agingMs, now);
  if (aged) first.push(aged);
  const ledger = openLedger(state, now);
  const rest = waiting.filter(({ promised }) => promised === null).filter((one) => one !== aged);
  const queue = createFairQueue(state, rest, ledger);
  const ordered = [...first];
  for (let next = queue.next(); next; next = queue.next()) {
    ordered.push(next);
    const { team, resources } = next.request;
    addToTeam(ledger.committed, ownOf(team), wantedVector(resources), 1);
    queue.recharge(team);
  }
  return ordered;
}

/** The one that has been the first in turn for longest, when that is longer than the bound. */
export function agedRequest(
  waiting: readonly WaitingRequest[],
  agingMs: number,
  now: number,
): WaitingRequest | undefined {
  return agedRequests(waiting, agingMs, now)[0];
}

/** Requests that have been the first in turn for longer than a bound, the longest first. */
export function agedRequests(
  waiting: readonly WaitingRequest[],
  agingMs: number,
  now: number,
): WaitingRequest[] {
  return waiting
    .filter(({ promised, blockedSince }) => {
      return !promised && blockedSince !== undefined && now - blockedSince >= agedAfter * agingMs;
    })
    .sort((a, b) => a.blockedSince! - b.blockedSince! || bySubmission(a, b));
}

/** Oldest submission first. */
export function bySubmission(a: WaitingRequest, b: WaitingRequest): number {
  return a.submittedAt - b.submittedAt || a.serial - b.serial;
}
