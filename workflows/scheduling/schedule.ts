import { openDraft } from './decision/draft.ts';
import { dueAt } from './decision/dueAt.ts';
import { endOverdue, giveNotices } from './decision/expiry.ts';
import { ownRecords } from './decision/grant.ts';
import { grantWaiting } from './decision/grantWaiting.ts';
import { refuseImpossible } from './decision/impossible.ts';
import { forgetHosts, lapseHosts } from './decision/lapses.ts';
import { relieveLatency } from './decision/latency.ts';
import { extendForOutage } from './decision/outage.ts';
import { emptyReserved } from './decision/reservations.ts';
import type { Decision, PoolState } from './state.ts';

/**
 * One decision: what is over, what has to go, then what can start. Pure and deterministic; the input
 * is not changed. `state.dueAt` says when to decide again at the latest.
 */
export function schedule(state: PoolState, now: number): Decision {
  const draft = openDraft(extendForOutage(state, now), now);
  lapseHosts(draft);
  forgetHosts(draft);
  endOverdue(draft);
  giveNotices(draft);
  emptyReserved(draft);
  relieveLatency(draft);
  refuseImpossible(draft);
  ownRecords(draft);
  grantWaiting(draft);
  const { grants, revocations, expiries, refusals } = draft;
  const decided = { ...draft.state, tickAt: now, dueAt: dueAt(draft.state, now) };
  return { state: decided, grants, revocations, expiries, refusals };
}
