import { occupy, place, vacate } from '../placement/place.ts';
import { trustDomainOf } from '../placement/trustDomain.ts';
import type { Placement, WaitingRequest } from '../state.ts';
import { expectedEnd } from './expectedEnd.ts';
import { exclusionFor, type Hold } from './holds.ts';
import { domainOf, type Round } from './round.ts';

/** Capacity that comes back, and when. */
interface Return {
  held: Placement;
  domain: string;
  endsAt: number;
  grantedAt: number;
}

/**
 * What those behind the head may not take (EASY backfilling: Lifka, The ANL/IBM SP scheduling
 * system, 1995): the devices that it will get at its shadow time, the first at which enough will
 * have ended, are closed to whoever would end later. Where nobody knows when, nothing is kept, until
 * the head has aged: then nothing goes ahead on the devices whose holders came first.
 */
export function holdForHead(round: Round, head: WaitingRequest, hasAged: boolean): Hold[] {
  const returns = comingBack(round).sort(
    hasAged
      ? (a, b) => a.grantedAt - b.grantedAt
      : (a, b) => a.endsAt - b.endsAt || a.grantedAt - b.grantedAt,
  );
  const known = hasAged ? returns : returns.filter(({ endsAt }) => endsAt < Infinity);
  const found = firstFit(round, head, known);
  if (!found) return [];
  const shadow = hasAged ? -Infinity : found.at;
  const { requestId, resources } = head.request;
  const closedTo = (waiting: WaitingRequest, endsAt: number) =>
    waiting.request.requestId !== requestId && endsAt > shadow;
  const devices = new Set(found.placement.devices.map(({ deviceId }) => deviceId));
  const keptFor = { requestId, neededAt: hasAged ? found.at : shadow };
  const holds: Hold[] = [{ devices, closedTo, keptFor }];
  if (resources.cpuMilli > 0 || resources.hostMemoryMib > 0) {
    const hosts = new Set(found.placement.hosts.map(({ hostId }) => hostId));
    holds.push({
      devices: devicesOf(round, hosts),
      keptFor,
      closedTo: (waiting, endsAt) =>
        (waiting.request.resources.cpuMilli > 0 || waiting.request.resources.hostMemoryMib > 0) &&
        closedTo(waiting, endsAt),
    });
  }
  return holds;
}

/** The fewest returns, in their order, after which the head fits. */
function firstFit(
  round: Round,
  head: WaitingRequest,
  returns: readonly Return[],
): { placement: Placement; at: number } | undefined {
  const fits = (count: number) => placeAfter(round, head, returns.slice(0, count));
  let best = fits(returns.length);
  if (!best) return undefined;
  let [fewest, most] = [0, returns.length];
  while (fewest < most) {
    const middle = (fewest + most) >> 1;
    const placement = fits(middle);
    if (placement) {
      best = placement;
      most = middle;
    } else fewest = middle + 1;
  }
  return { placement: best, at: most === 0 ? round.draft.now : returns[most - 1]!.endsAt };
}

function placeAfter(
  round: Round,
  head: WaitingRequest,
  returns: readonly Return[],
): Placement | undefined {
  const { index, draft } = round;
  const { exclude } = exclusionFor(round.holds, head, draft.now);
  const domain = domainOf(round, head);
  for (const { held } of returns) vacate(index, held);
  const placement = place(
    index,
    head.request.resources,
    exclude ? { exclude, domain } : { domain },
  );
  for (const { held, domain } of [...returns].reverse()) occupy(index, held, domain);
  return placement;
}

/** Held and clearing shares, without those that are being emptied for somebody else. */
function comingBack({ draft }: Round): Return[] {
  const { state, now } = draft;
  const promised = new Set(Object.values(state.waiting).flatMap(({ victims }) => victims));
  const returns: Return[] = [];
  for (const lease of Object.values(state.leases)) {
    if (promised.has(lease.leaseId)) continue;
    returns.push({
      held: { devices: lease.devices, hosts: lease.hosts, worstLink: null, score: 0 },
      domain: trustDomainOf(state.teams, lease.request.team),
      endsAt: expectedEnd(lease, now),
      grantedAt: lease.grantedAt,
    });
  }
  for (const { deviceId, hostId, clearing } of Object.values(state.devices)) {
    for (const { leaseId, milli, memoryMib } of clearing) {
      if (promised.has(leaseId)) continue;
      const hosts = [{ hostId, cpuMilli: 0, memoryMib: 0 }];
      const held = { devices: [{ deviceId, milli, memoryMib }], hosts, worstLink: null, score: 0 };
      returns.push({ held, domain: 'clearing', endsAt: now, grantedAt: 0 });
    }
  }
  return returns;
}

function devicesOf({ draft }: Round, hosts: ReadonlySet<string>): Set<string> {
  return new Set(
    Object.values(draft.state.devices)
      .filter(({ hostId }) => hosts.has(hostId))
      .map(({ deviceId }) => deviceId),
  );
}
