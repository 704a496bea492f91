import type { HeldLease } from '../state.ts';
import { type Draft, revoke, setLease } from './draft.ts';

/** A goal is not acted upon again before what was done has had its effect. */
const pauseMs = 60_000;
const keptPart = 0.75;
/** Shares are lowered in steps of so many thousandths. */
const stepMilli = 10;

/**
 * Where sharing breaks a lease's latency goal, its largest restartable neighbour is revoked with
 * notice and queued again with three quarters of its share.
 */
export function relieveLatency(draft: Draft): void {
  for (const leaseId of Object.keys(draft.state.leases)) {
    const lease = draft.state.leases[leaseId]!;
    const goal = lease.request.latencyGoalMs;
    if (goal === null || lease.revoking || !isBroken(lease, goal, draft.now)) continue;
    const neighbours = neighboursOf(draft, lease);
    // One that has notice already will give way without anybody else being asked to.
    if (neighbours.some(({ revoking }) => revoking)) continue;
    const largest = neighbours
      .filter(({ request }) => request.restartable)
      .filter((neighbour) => lowered(neighbour) < milliOf(neighbour))
      .sort((a, b) => milliOf(b) - milliOf(a) || (a.leaseId < b.leaseId ? -1 : 1))[0];
    if (largest) relieve(draft, lease, goal, largest);
  }
}

function isBroken({ latency, relievedAt }: HeldLease, goal: number, now: number): boolean {
  if (!latency || latency.p95Ms <= goal) return false;
  return relievedAt === undefined || (latency.at > relievedAt && now - relievedAt >= pauseMs);
}

function neighboursOf({ state }: Draft, lease: HeldLease): HeldLease[] {
  const ids = new Set(lease.devices.map(({ deviceId }) => deviceId));
  return Object.values(state.leases).filter(
    (other) =>
      other.leaseId !== lease.leaseId && other.devices.some(({ deviceId }) => ids.has(deviceId)),
  );
}

function relieve(draft: Draft, lease: HeldLease, goal: number, neighbour: HeldLease): void {
  const before = milliOf(neighbour);
  const milli = lowered(neighbour);
  const { deviceId } = neighbour.devices[0]!;
  const p95 = Math.round(lease.latency!.p95Ms * 10) / 10;
  setLease(draft, { ...lease, relievedAt: draft.now });
  revoke(draft, neighbour.leaseId, {
    reason: 'latency',
    message: `lease ${lease.leaseId} beside it on ${deviceId} has a p95 of ${p95} ms, its goal is ${goal} ms: queued again with ${milli} instead of ${before} thousandths`,
    requeue: true,
    shrinkTo: { milli, memoryMib: neighbour.request.resources.memoryMib },
  });
}

const milliOf = (lease: HeldLease): number => lease.request.resources.milli;

const lowered = (lease: HeldLease): number =>
  Math.max(stepMilli, Math.floor((keptPart * milliOf(lease)) / stepMilli) * stepMilli);
