import type { WaitReason } from '../../contracts/pool/description.ts';
import { holdForHead } from '../decision/backfill.ts';
import { openDraft } from '../decision/draft.ts';
import { expectedMs } from '../decision/expectedEnd.ts';
import type { Hold } from '../decision/holds.ts';
import { reservationHolds } from '../decision/reservations.ts';
import { domainOf, openRound, type Round } from '../decision/round.ts';
import { openLedger } from '../fairness/ledger.ts';
import { limitReached } from '../fairness/limits.ts';
import type { resourceNames } from '../fairness/resourceVector.ts';
import { heldVector, wantedVector } from '../fairness/teamUsage.ts';
import { agedRequest, orderWaiting } from '../order.ts';
import { place } from '../placement/place.ts';
import type { PoolState, WaitingRequest } from '../state.ts';
import { shortageReasons } from './shortageReasons.ts';

/** Why the decision that led to `state` did not grant the request, by the decision's own means. */
export function refusedReasons(
  state: PoolState,
  waiting: WaitingRequest,
  now: number,
): WaitReason[] {
  if (waiting.promised) return [promisedReason(state, waiting, now)];
  const round = openRound(openDraft(state, now), [], openLedger(state, now), []);
  const limit = limitOf(round, waiting, wantedVector(waiting.request.resources));
  if (limit) return [limit];
  const { resources } = waiting.request;
  const domain = domainOf(round, waiting);
  const free = place(round.index, resources, { domain });
  if (!free) return shortageReasons(state, round.index, waiting, domain);
  const limitThere = limitOf(round, waiting, heldVector(free));
  return limitThere ? [limitThere] : heldBack(round, waiting, domain);
}

function limitOf(
  { draft, ledger }: Round,
  { request }: WaitingRequest,
  wanted: Record<(typeof resourceNames)[number], number>,
): WaitReason | undefined {
  const reached = limitReached(draft.state.teams, ledger.bound, request.team, wanted);
  return reached && { token: 'team-limit', ...reached };
}

function promisedReason(state: PoolState, waiting: WaitingRequest, now: number): WaitReason {
  const graces = waiting.victims.map((id) => state.leases[id]?.revoking?.graceUntil ?? now);
  const victims = waiting.victims.filter((id) => state.leases[id] !== undefined);
  if (victims.length === 0) {
    return { token: 'clearing', devices: waiting.promised?.devices.length ?? 0 };
  }
  return { token: 'waiting-for-victims', leases: victims, until: Math.max(...graces) };
}

/** It would fit, but for what is kept for others. */
function heldBack(round: Round, waiting: WaitingRequest, domain: string): WaitReason[] {
  const { state, now } = round.draft;
  const holds = [...reservationHolds(state, now), ...holdsOfHead(round, waiting)];
  const endsAt = now + expectedMs(waiting.request);
  const applied = holds.filter((hold) => hold.closedTo(waiting, endsAt));
  const fitsDespite = (kept: readonly Hold[]) =>
    place(round.index, waiting.request.resources, {
      domain,
      exclude: (deviceId) => kept.some(({ devices }) => devices.has(deviceId)),
    }) !== undefined;
  const decisive = applied.filter((hold) => !fitsDespite([hold]));
  const blamed = decisive.length > 0 ? decisive : applied;
  const reasons = blamed.flatMap((hold) => holdReason(state, hold, endsAt));
  const seen = new Set<string>();
  return reasons.filter((reason) => {
    const key = JSON.stringify(reason);
    return !seen.has(key) && seen.add(key);
  });
}

function holdsOfHead(round: Round, waiting: WaitingRequest): Hold[] {
  const { state, now } = round.draft;
  const isLimited = (one: WaitingRequest) =>
    limitOf(round, one, wantedVector(one.request.resources)) !== undefined;
  const head = orderWaiting(state, now).find((one) => !one.promised && !isLimited(one));
  if (!head || head.request.requestId === waiting.request.requestId) return [];
  const aged = agedRequest(Object.values(state.waiting), state.config.agingMs, now);
  round.holds = reservationHolds(state, now);
  return holdForHead(round, head, aged?.request.requestId === head.request.requestId);
}

function holdReason(state: PoolState, { keptFor, devices }: Hold, endsAt: number): WaitReason[] {
  if ('requestId' in keptFor) {
    const finite = (at: number) => (Number.isFinite(at) ? at : null);
    const { requestId: by, neededAt } = keptFor;
    return [{ token: 'backfill-refused', endsAt: finite(endsAt), neededAt: finite(neededAt), by }];
  }
  const { reservationId, to } = keptFor;
  const found = state.teams.reservations.find((one) => one.reservationId === reservationId);
  const team = found?.team ?? '';
  return [{ token: 'reserved', reservationId, team, until: to, devices: devices.size }];
}
