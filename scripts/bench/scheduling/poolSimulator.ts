import type { HostReport } from '../../../workflows/contracts/pool/devices.ts';
import type { LeaseRequest } from '../../../workflows/contracts/pool/requests.ts';
import { clearDevice } from '../../../workflows/scheduling/events/clearDevice.ts';
import { releaseLease } from '../../../workflows/scheduling/events/releaseLease.ts';
import { submitRequest } from '../../../workflows/scheduling/events/submitRequest.ts';
import { takeReport } from '../../../workflows/scheduling/events/takeReport.ts';
import type { Decision, HeldLease, PoolState } from '../../../workflows/scheduling/state.ts';
import { createEventQueue } from './eventQueue.ts';

/** A job of a simulated workload; times in ms. */
export interface SimulatedJob {
  at: number;
  request: LeaseRequest;
  /** Under its lease until it is done; it starts from the beginning when it was revoked. */
  runMs: number;
}

export interface Simulation {
  /** With hosts and devices; heartbeats go on from here. */
  state: PoolState;
  jobs: readonly SimulatedJob[];
  from: number;
  /** Nothing happens at or after it. */
  until: number;
  decide(state: PoolState, now: number): Decision;
  /** From notice to release. */
  yieldMs?: number;
  /** From a lease's end to the host's word that its devices are clear. */
  clearMs?: number;
  /** `before` is what was decided on. */
  onDecision?(decision: Decision, before: PoolState, now: number): void;
}

export interface Simulated {
  state: PoolState;
  decisions: number;
  refused: number;
  /** Requests whose job ran to its end, and when. */
  finished: Map<string, number>;
  /** Revoked and not queued again. */
  lost: Set<string>;
}

type Event =
  | { kind: 'submit'; job: SimulatedJob }
  | { kind: 'release'; leaseId: string; isDone: boolean }
  | { kind: 'clear'; hostId: string; deviceId: string; epoch: number }
  | { kind: 'heartbeat'; hostId: string };

/** Plays a workload against a pool's decisions, with the pool's own reducers for each message. */
export function simulatePool(simulation: Simulation): Simulated {
  const { from, until, decide, onDecision, yieldMs = 5_000, clearMs = 2_000 } = simulation;
  const jobs = new Map(simulation.jobs.map((job) => [job.request.requestId, job]));
  const events = createEventQueue<Event>();
  const result: Simulated = {
    state: simulation.state,
    decisions: 0,
    refused: 0,
    finished: new Map(),
    lost: new Set(),
  };
  for (const job of simulation.jobs) events.push(job.at, { kind: 'submit', job });
  for (const hostId of Object.keys(result.state.hosts)) {
    events.push(from, { kind: 'heartbeat', hostId });
  }
  for (;;) {
    const now = Math.min(events.nextAt(), result.state.dueAt ?? Infinity);
    if (now >= until || isOver()) return result;
    while (events.nextAt() <= now) apply(events.pop()!, now);
    const before = result.state;
    const decision = decide(before, now);
    result.state = decision.state;
    result.decisions += 1;
    follow(decision, before, now);
    onDecision?.(decision, before, now);
  }

  function isOver(): boolean {
    return result.finished.size + result.lost.size + result.refused === jobs.size;
  }

  function apply(event: Event, now: number): void {
    const { state } = result;
    if (event.kind === 'submit') {
      const submitted = submitRequest(state, event.job.request, now);
      if (submitted.refusal) result.refused += 1;
      result.state = submitted.state;
    } else if (event.kind === 'clear') {
      result.state = clearDevice(state, event, now);
    } else if (event.kind === 'heartbeat') {
      result.state = takeReport(state, nextReport(state, event.hostId), now);
      events.push(now + state.config.heartbeatMs, event);
    } else {
      release(event, now);
    }
  }

  function release({ leaseId, isDone }: Event & { kind: 'release' }, now: number): void {
    const lease = result.state.leases[leaseId];
    // Done while it had notice: not restarted, as a holder that is done withdraws its request.
    if (!lease || (isDone && lease.revoking)) return;
    result.state = releaseLease(result.state, { leaseId, cleared: [] }, now);
    if (isDone) result.finished.set(lease.request.requestId, now);
    clearLater(lease, now);
  }

  function follow(decision: Decision, before: PoolState, now: number): void {
    for (const { leaseId, requestId } of decision.grants) {
      const { runMs } = jobs.get(requestId)!;
      if (runMs < Infinity) events.push(now + runMs, { kind: 'release', leaseId, isDone: true });
    }
    for (const { leaseId, requestId, requeued } of decision.revocations) {
      events.push(now + yieldMs, { kind: 'release', leaseId, isDone: false });
      if (!requeued) result.lost.add(requestId);
    }
    for (const { leaseId, requestId, requeued } of decision.expiries) {
      const lease = before.leases[leaseId];
      if (lease) clearLater(lease, now);
      if (!requeued) result.lost.add(requestId);
    }
    for (const { requestId } of decision.refusals) result.lost.add(requestId);
  }

  function clearLater(lease: HeldLease, now: number): void {
    for (const { deviceId, epoch } of lease.devices) {
      const hostId = result.state.devices[deviceId]?.hostId ?? '';
      events.push(now + clearMs, { kind: 'clear', hostId, deviceId, epoch });
    }
  }
}

function nextReport(state: PoolState, hostId: string): HostReport {
  const { generation, sequence, cpuMilli, memoryMib, draining } = state.hosts[hostId]!;
  const devices = Object.values(state.devices).filter((device) => device.hostId === hostId);
  const ids = new Set(devices.map(({ deviceId }) => deviceId));
  const working = Object.values(state.leases).flatMap((lease) =>
    lease.devices.filter(({ deviceId }) => ids.has(deviceId)),
  );
  return {
    ...{ hostId, generation, cpuMilli, memoryMib, draining, devices, working },
    sequence: sequence + 1,
  };
}
