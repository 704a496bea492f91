import { forgetRequest } from '../events/recent.ts';
import { whyTeamRefuses } from '../events/whyTeamRefuses.ts';
import { whyImpossible } from '../explain/whyImpossible.ts';
import type { Decision, PoolState, WaitingRequest } from '../state.ts';
import type { Draft } from './draft.ts';

type Refusal = Pick<Decision['refusals'][number], 'type' | 'message'>;

/**
 * Refuses what has become impossible since it was submitted: the only fitting device is gone, a limit
 * was lowered, a team removed. As each request was possible when it came, all are looked at only when
 * devices, hosts or teams have changed.
 */
export function refuseImpossible(draft: Draft): void {
  const inventory = inventoryOf(draft.state);
  if (draft.state.inventory === inventory) return;
  draft.state = { ...draft.state, inventory };
  const answers = new Map<string, string | undefined>();
  for (const waiting of Object.values(draft.state.waiting)) {
    const refusal = refusalFor(draft.state, waiting, answers);
    if (!refusal) continue;
    const { requestId, holder } = waiting.request;
    draft.state = forgetRequest(draft.state, requestId, draft.now);
    const { totals } = draft.state;
    draft.state = { ...draft.state, totals: { ...totals, refused: totals.refused + 1 } };
    draft.refusals.push({ requestId, holder, ...refusal });
  }
}

function refusalFor(
  state: PoolState,
  { request }: WaitingRequest,
  answers: Map<string, string | undefined>,
): Refusal | undefined {
  const ofTeam = whyTeamRefuses(state.teams, request);
  if (ofTeam !== undefined) return { type: 'InvalidRequest', message: ofTeam };
  const shape = JSON.stringify(request.resources);
  if (!answers.has(shape)) answers.set(shape, whyImpossible(state, request));
  const message = answers.get(shape);
  return message === undefined ? undefined : { type: 'NoSuchDevice', message };
}

/** A short digest (FNV-1a, 32 bits) of what a request's possibility hangs on. */
function inventoryOf({ devices, hosts, teams }: PoolState): number {
  const parts: unknown[] = [teams.teams];
  for (const { hostId, cpuMilli, memoryMib } of Object.values(hosts)) {
    parts.push([hostId, cpuMilli, memoryMib]);
  }
  for (const { deviceId, model, memoryMib, maxShares, missing, links } of Object.values(devices)) {
    parts.push([deviceId, model, memoryMib, maxShares, missing, Object.keys(links).length]);
  }
  const text = JSON.stringify(parts);
  let digest = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    digest = Math.imul(digest ^ text.charCodeAt(at), 0x01000193);
  }
  return digest >>> 0;
}
