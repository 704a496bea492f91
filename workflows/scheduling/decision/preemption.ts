import { committedOf, leave } from '../fairness/ledger.ts';
import { limitReached } from '../fairness/limits.ts';
import { addScaled } from '../fairness/resourceVector.ts';
import { teamLevels } from '../fairness/teamTree.ts';
import { heldVector } from '../fairness/teamUsage.ts';
import { occupy, place, vacate } from '../placement/place.ts';
import { shapeKey } from '../shapeKey.ts';
import type { Placement, WaitingRequest } from '../state.ts';
import { revoke } from './draft.ts';
import { exclusionFor } from './holds.ts';
import { domainOf, failedUnder, promise, type Round } from './round.ts';
import { allowedVictims, keepsGuarantees, mayRevoke, type Victim } from './victims.ts';

const rememberedVictims = 64;

/**
 * Revokes leases so that a request gets their place, which is promised to it, and says whether it
 * did. Who may be revoked, and why that comes to an end: victims.ts.
 */
export function preemptFor(round: Round, waiting: WaitingRequest): boolean {
  if (round.budget.preemptions <= 0 || !mayRevoke(round, waiting)) return false;
  const { team, priority, resources } = waiting.request;
  const failed = failedUnder(round, `preempt ${team} ${priority}`);
  if (failed.has(shapeKey(resources))) return false;
  failed.add(shapeKey(resources));
  round.budget.preemptions -= 1;
  const allowed = allowedVictims(round, waiting);
  if (allowed.length === 0) return false;
  const plan = smallestPlan(round, waiting, allowed);
  if (!plan || !keepsGuarantees(round, waiting, plan.placement, plan.victims)) return false;
  for (const { lease, reason } of plan.victims) {
    const { request, leaseId } = lease;
    leave(round.ledger, request.team, lease);
    const message = reasonText(waiting, lease.request.priority, reason);
    revoke(round.draft, leaseId, { reason, message, requeue: request.restartable });
    round.queue.recharge(request.team);
  }
  const victims = plan.victims.map(({ lease }) => lease.leaseId);
  promise(round, withTaken(waiting, plan.victims), plan.placement, victims);
  return true;
}

function withTaken(waiting: WaitingRequest, victims: readonly Victim[]): WaitingRequest {
  const reclaimed = victims.filter(({ reason }) => reason === 'reclaimed');
  if (reclaimed.length === 0) return waiting;
  const ids = reclaimed.map(({ lease }) => lease.request.requestId);
  return { ...waiting, tookFrom: [...(waiting.tookFrom ?? []), ...ids].slice(-rememberedVictims) };
}

function reasonText(
  { request }: WaitingRequest,
  priority: number,
  reason: Victim['reason'],
): string {
  const who = `request ${request.requestId} (${request.label}) of team ${request.team}`;
  return reason === 'preempted'
    ? `${who} has priority ${request.priority}, above ${priority}, and needs its place`
    : `${who} is within its quota and takes back what was lent over quota`;
}

interface Plan {
  placement: Placement;
  victims: Victim[];
}

/**
 * The shortest prefix of the victims that is enough, then without those that it does not need: first
 * all at once that are elsewhere, as each trial costs a look at all of them.
 */
function smallestPlan(
  round: Round,
  waiting: WaitingRequest,
  allowed: readonly Victim[],
): Plan | undefined {
  const fits = (victims: readonly Victim[]) => placeWithout(round, waiting, victims);
  let placement = fits(allowed);
  if (!placement) return undefined;
  let [fewest, most] = [0, allowed.length];
  while (fewest < most) {
    const middle = (fewest + most) >> 1;
    const found = fits(allowed.slice(0, middle));
    if (found) {
      placement = found;
      most = middle;
    } else fewest = middle + 1;
  }
  let victims = allowed.slice(0, most);
  const near = victims.filter(({ held }) => isTouched(placement!, held));
  const foundNear = near.length < victims.length ? fits(near) : undefined;
  if (foundNear) {
    placement = foundNear;
    victims = near;
  }
  for (const spared of [...victims].reverse()) {
    const fewer = victims.filter((victim) => victim !== spared);
    const found = fits(fewer);
    if (!found) continue;
    placement = found;
    victims = fewer;
  }
  return { placement, victims };
}

/** Whether they have a device in common, or a host that the placement takes CPU or memory of. */
function isTouched(placement: Placement, held: Placement): boolean {
  return (
    held.devices.some(({ deviceId }) =>
      placement.devices.some((device) => device.deviceId === deviceId),
    ) ||
    held.hosts.some(({ hostId }) =>
      placement.hosts.some(
        (host) => host.hostId === hostId && (host.cpuMilli > 0 || host.memoryMib > 0),
      ),
    )
  );
}

/** Where the request fits, and within its team's limits, once those are gone. */
function placeWithout(
  round: Round,
  waiting: WaitingRequest,
  victims: readonly Victim[],
): Placement | undefined {
  const { index, draft, ledger } = round;
  const { team, resources } = waiting.request;
  const { exclude } = exclusionFor(round.holds, waiting, draft.now);
  const domain = domainOf(round, waiting);
  for (const { held } of victims) vacate(index, held);
  const placement = place(index, resources, exclude ? { exclude, domain } : { domain });
  for (const victim of [...victims].reverse()) occupy(index, victim.held, victim.domain);
  if (!placement) return undefined;
  const use = new Map(teamLevels(team).map((level) => [level, committedOf(ledger, level)]));
  for (const { lease } of victims) {
    for (const level of teamLevels(lease.request.team)) {
      const used = use.get(level);
      if (used) use.set(level, addScaled(used, heldVector(lease), -1));
    }
  }
  return limitReached(draft.state.teams, use, team, heldVector(placement)) ? undefined : placement;
}
