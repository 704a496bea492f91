import type { Explanation, WaitReason } from '../../contracts/pool/description.ts';
import { lookup } from '../lookup.ts';
import { orderWaiting } from '../order.ts';
import { schedule } from '../schedule.ts';
import type { PoolState, WaitingRequest } from '../state.ts';
import { estimateStart } from './estimateStart.ts';
import { queueReasons } from './queueReasons.ts';
import { reasonText, wishText } from './reasonText.ts';
import { refusedReasons } from './refusedReasons.ts';

/**
 * Why a request waits, in numbers, as the decision that would be made now sees it: one is made on a
 * copy, so what is free afterwards is what was denied to the request.
 */
export function explain(state: PoolState, requestId: string, now: number): Explanation {
  const held = Object.values(state.leases).find(({ request }) => request.requestId === requestId);
  if (held) {
    const where = held.devices.map(({ deviceId }) => deviceId).join(', ');
    return settled(requestId, 'granted', `request ${requestId} holds ${where}`);
  }
  if (!Object.hasOwn(state.waiting, requestId)) {
    const isOver = state.recent.some((entry) => entry.requestId === requestId);
    const text = isOver
      ? `request ${requestId} is over`
      : `request ${requestId} is not known: it never came, or ended long ago`;
    return settled(requestId, 'unknown', text);
  }
  const position = placeOf(state, requestId, now);
  const decision = schedule(state, now);
  const waiting = lookup(decision.state.waiting, requestId);
  if (waiting) return explainWaiting(decision.state, waiting, position, now);
  const refusal = decision.refusals.find((one) => one.requestId === requestId);
  if (refusal) {
    const text = `request ${requestId} is refused in a moment: ${refusal.message}`;
    const reasons = refusedReasons(state, state.waiting[requestId] as WaitingRequest, now);
    return { ...settled(requestId, 'waiting', text), position, reasons };
  }
  const text = `request ${requestId} is next: it is granted in a moment`;
  return { ...settled(requestId, 'waiting', text), position, estimatedStart: now };
}

const pastShares: WaitReason['token'][] = ['team-limit', 'waiting-for-victims'];

function explainWaiting(
  state: PoolState,
  waiting: WaitingRequest,
  position: number,
  now: number,
): Explanation {
  const { requestId, team, label } = waiting.request;
  const estimatedStart = estimateStart(state, requestId, now);
  const refused = refusedReasons(state, waiting, now);
  const queued = queueReasons(state, waiting, now);
  // A limit binds whatever the shares are, and a promise is past them.
  const isPastShares = refused.some(({ token }) => pastShares.includes(token));
  const reasons: WaitReason[] = [
    ...refused,
    ...queued.filter(({ token }) => token !== 'over-quota' || !isPastShares),
  ];
  if (estimatedStart !== null) reasons.push({ token: 'estimated-start', at: estimatedStart });
  const total = Object.keys(state.waiting).length;
  const who = `request ${requestId}${label === '' || label === requestId ? '' : ` (${label})`} of team ${team}`;
  const why = reasons.map((reason) => reasonText(reason, now)).join('; ');
  const text = `${who} wants ${wishText(waiting.request.resources)}, place ${position} of ${total}: ${why}`;
  return { requestId, state: 'waiting', position, reasons, text, estimatedStart };
}

function placeOf(state: PoolState, requestId: string, now: number): number {
  const order = orderWaiting(state, now);
  return 1 + order.findIndex(({ request }) => request.requestId === requestId);
}

const settled = (requestId: string, state: Explanation['state'], text: string): Explanation => ({
  requestId,
  state,
  position: null,
  reasons: [],
  text,
  estimatedStart: null,
});
