import type { WaitReason } from '../../contracts/pool/description.ts';
import { committedOf, openLedger, sharedUse } from '../fairness/ledger.ts';
import { quotaOf, quotaRatio } from '../fairness/quota.ts';
import { addScaled, dominantShare } from '../fairness/resourceVector.ts';
import { teamAt, teamLevels, topLevelTeam } from '../fairness/teamTree.ts';
import { wantedVector } from '../fairness/teamUsage.ts';
import { orderWaiting } from '../order.ts';
import type { PoolState, WaitingRequest } from '../state.ts';

/** Of those ahead, so many are named. */
const named = 5;

/** Where a request stands among the others: its team's share, and who is ahead. */
export function queueReasons(state: PoolState, waiting: WaitingRequest, now: number): WaitReason[] {
  const reasons = overQuota(state, waiting, now);
  const order = orderWaiting(state, now).map(({ request }) => request);
  const at = order.findIndex(({ requestId }) => requestId === waiting.request.requestId);
  if (at <= 0) return reasons;
  const ahead = order
    .slice(0, Math.min(at, named))
    .map(({ requestId, team, label }) => ({ requestId, team, label }));
  return [...reasons, { token: 'ahead-in-queue', position: at + 1, ahead }];
}

/** What exceeds a quota is not guaranteed: it comes when others leave something over. */
function overQuota(state: PoolState, { request }: WaitingRequest, now: number): WaitReason[] {
  if (Object.keys(state.teams.teams).length === 0) return [];
  const ledger = openLedger(state, now);
  const shareOf = (team: string) =>
    dominantShare(sharedUse(ledger, team), ledger.capacity) / teamAt(state.teams, team).weight;
  for (const team of teamLevels(request.team)) {
    const quota = quotaOf(teamAt(state.teams, team), ledger.capacity);
    const used = committedOf(ledger, team);
    const wanted = addScaled(used, wantedVector(request.resources));
    if (quota !== null && quotaRatio(wanted, quota) <= 1) continue;
    const rivals = Object.values(state.waiting).map((other) => topLevelTeam(other.request.team));
    return [
      {
        token: 'over-quota',
        team,
        quota: quota?.milli ?? 0,
        used: used.milli,
        share: shareOf(topLevelTeam(team)),
        smallestShare: Math.min(...rivals.map(shareOf)),
      },
    ];
  }
  return [];
}
