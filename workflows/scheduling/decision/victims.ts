import type { ResourceVector } from '../../contracts/pool/teams.ts';
import { committedOf } from '../fairness/ledger.ts';
import { guaranteeMet, isUnderQuota, quotaOf, quotaRatio, rounding } from '../fairness/quota.ts';
import { addScaled, noResources } from '../fairness/resourceVector.ts';
import { teamAt, teamLevels } from '../fairness/teamTree.ts';
import { heldVector, wantedVector } from '../fairness/teamUsage.ts';
import { trustDomainOf } from '../placement/trustDomain.ts';
import type { HeldLease, Placement, WaitingRequest } from '../state.ts';
import type { Round } from './round.ts';

/*
 * Why revocations end without new submissions. A request revokes either a lease of lower priority
 * within its top-level team, or, while its own team (the one just below the common ancestor) is and
 * stays within its quota, a lease of a team over quota that is left at its quota or above. Neither
 * lets the guarantee of any team fall (`guaranteeMet`, summed over teams); the second kind raises the
 * sum, the first puts a higher priority in the place of lower ones. So (sum of guarantees, held
 * priorities, highest first) grows in lexicographic order with each, and there are finitely many.
 * Nor is anybody revoked for the sake of who was revoked for it: who was reclaimed from gets nothing
 * back by priority, and by quota only once its team has lost leases in another way.
 */

/** A lease that may be revoked for a request. */
export interface Victim {
  lease: HeldLease;
  reason: 'preempted' | 'reclaimed';
  held: Placement;
  domain: string;
}

/**
 * Whose leases a request may have, in the order in which they go: lowest priority, furthest over
 * quota, least work lost. All of them together keep every team that is not the request's own at its
 * quota.
 */
export function allowedVictims(round: Round, waiting: WaitingRequest): Victim[] {
  const { state } = round.draft;
  const used = new Map<string, ResourceVector>();
  const victims: Victim[] = [];
  for (const lease of revocable(round)) {
    const reason = reasonFor(round, waiting, lease, used);
    if (!reason) continue;
    for (const level of teamLevels(lease.request.team)) {
      const before = used.get(level) ?? committedOf(round.ledger, level);
      used.set(level, addScaled(before, heldVector(lease), -1));
    }
    victims.push({
      ...{ lease, reason },
      held: { devices: lease.devices, hosts: lease.hosts, worstLink: null, score: 0 },
      domain: trustDomainOf(state.teams, lease.request.team),
    });
  }
  return victims;
}

/** A quick look: whether anybody could be revoked for the request at all. */
export function mayRevoke(round: Round, { request }: WaitingRequest): boolean {
  const leases = revocable(round);
  const { state } = round.draft;
  if (leases.length === 0) return false;
  if (leases[0]!.request.priority < request.priority) return true;
  return teamLevels(request.team).some((level) => {
    const quota = quotaOf(teamAt(state.teams, level), round.ledger.capacity);
    return quota !== null && isUnderQuota(committedOf(round.ledger, level), quota);
  });
}

function revocable(round: Round): HeldLease[] {
  round.revocable ??= inOrder(round);
  return round.revocable;
}

function inOrder(round: Round): HeldLease[] {
  const { state, now } = round.draft;
  const leases = Object.values(state.leases).filter(
    ({ request, revoking, grantedAt }) =>
      request.preemptible && !revoking && now - grantedAt >= state.config.minRunMs,
  );
  if (leases.length === 0) return leases;
  const overQuota = new Map<string, number>();
  for (const { request } of leases) {
    if (!overQuota.has(request.team)) overQuota.set(request.team, ratioOf(round, request.team));
  }
  const workLost = (lease: HeldLease) => heldVector(lease).milli * (now - lease.grantedAt);
  return leases.sort(
    (a, b) =>
      a.request.priority - b.request.priority ||
      compare(overQuota.get(b.request.team)!, overQuota.get(a.request.team)!) ||
      workLost(a) - workLost(b) ||
      (a.leaseId < b.leaseId ? -1 : 1),
  );
}

/** Of the top-level team; Infinity without a quota. */
function ratioOf({ draft, ledger }: Round, team: string): number {
  const [top] = teamLevels(team);
  const quota = quotaOf(teamAt(draft.state.teams, top!), ledger.capacity);
  return quota ? quotaRatio(committedOf(ledger, top!), quota) : Infinity;
}

const compare = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);

function reasonFor(
  round: Round,
  { request }: WaitingRequest,
  lease: HeldLease,
  used: ReadonlyMap<string, ResourceVector>,
): Victim['reason'] | undefined {
  const { ledger, draft } = round;
  const own = teamLevels(request.team);
  const theirs = teamLevels(lease.request.team);
  let common = 0;
  while (common < own.length && own[common] === theirs[common]) common += 1;
  const quotaAt = (level: string) => quotaOf(teamAt(draft.state.teams, level), ledger.capacity);
  const loss = heldVector(lease);
  for (const level of theirs.slice(common)) {
    const quota = quotaAt(level);
    const left = addScaled(used.get(level) ?? committedOf(ledger, level), loss, -1);
    if (quota && quotaRatio(left, quota) < 1 - rounding) return undefined;
  }
  const isLower = common > 0 && lease.request.priority < request.priority;
  if (isLower && !lease.tookFrom?.includes(request.requestId)) return 'preempted';
  const [mine, other] = [own[common], theirs[common]];
  if (mine === undefined || other === undefined) return undefined;
  const quota = quotaAt(mine);
  if (!quota) return undefined;
  const held = committedOf(ledger, mine);
  const wanted = addScaled(held, wantedVector(request.resources));
  if (!isUnderQuota(held, quota) || quotaRatio(wanted, quota) > 1 + rounding) return undefined;
  const otherQuota = quotaAt(other);
  const otherUse = used.get(other) ?? committedOf(ledger, other);
  return !otherQuota || quotaRatio(otherUse, otherQuota) > 1 + rounding ? 'reclaimed' : undefined;
}

/** With the devices known: no team's guarantee falls, and who reclaims stays within its quota. */
export function keepsGuarantees(
  round: Round,
  { request }: WaitingRequest,
  placement: Placement,
  victims: readonly Victim[],
): boolean {
  const { ledger, draft } = round;
  const change = new Map<string, ResourceVector>();
  const add = (team: string, vector: ResourceVector, factor: number) => {
    for (const level of teamLevels(team)) {
      change.set(level, addScaled(change.get(level) ?? noResources, vector, factor));
    }
  };
  add(request.team, heldVector(placement), 1);
  for (const { lease } of victims) add(lease.request.team, heldVector(lease), -1);
  const own = new Set(teamLevels(request.team));
  const isReclaim = victims.some(({ reason }) => reason === 'reclaimed');
  for (const [level, delta] of change) {
    const quota = quotaOf(teamAt(draft.state.teams, level), ledger.capacity);
    if (!quota) continue;
    const before = committedOf(ledger, level);
    const after = addScaled(before, delta);
    if (guaranteeMet(after, quota) < guaranteeMet(before, quota) - rounding) return false;
    const wasWithin = isUnderQuota(before, quota);
    if (isReclaim && own.has(level) && wasWithin && quotaRatio(after, quota) > 1 + rounding) {
      return false;
    }
  }
  return true;
}
