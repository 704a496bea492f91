import { describe, expect, it } from 'vitest';
import { drainDevices } from '../../../workflows/scheduling/events/drainDevices.ts';
import { schedule } from '../../../workflows/scheduling/schedule.ts';
import type { PoolState } from '../../../workflows/scheduling/state.ts';
import {
  gpus,
  holding,
  noon,
  poolWith,
  reportOf,
  requestOf,
  withWaiting,
} from '../../support/poolState.ts';

const second = 1_000;
const minute = 60 * second;
const pool = poolWith([reportOf('h1', gpus('h1', 2)), reportOf('h2', gpus('h2', 2))]);

/** As if all hosts had just reported, and the pool had run in time. */
function beatingAt(state: PoolState, now: number): PoolState {
  const hosts = Object.fromEntries(
    Object.values(state.hosts).map((host) => [host.hostId, { ...host, lastHeartbeatAt: now }]),
  );
  return { ...state, hosts, tickAt: now, dueAt: null };
}

describe('a lease is over', () => {
  it('when nothing has renewed it, and its devices are lent again only once they are clear', () => {
    const held = holding(pool, requestOf('old'), ['h1.gpu0']);
    const now = noon + 15 * minute;
    const decision = schedule(beatingAt(held, now), now);
    expect(decision.expiries).toEqual([
      expect.objectContaining({ leaseId: 'old', reason: 'expired', requeued: false }),
    ]);
    expect(decision.state.leases).toEqual({});
    expect(decision.state.devices['h1.gpu0']?.clearing).toEqual([
      { leaseId: 'old', epoch: 1, milli: 1000, memoryMib: 40_000, since: now },
    ]);
    expect(decision.state.unrecorded).toEqual([
      expect.objectContaining({ leaseId: 'old', end: 'expired', grantedAt: noon, endedAt: now }),
    ]);
    const wanting = withWaiting(
      decision.state,
      [requestOf('new', { deviceIds: ['h1.gpu0'] })],
      now,
    );
    expect(schedule(wanting, now).grants).toEqual([]);
  });

  it('a millisecond earlier it is not', () => {
    const held = holding(pool, requestOf('old'), ['h1.gpu0']);
    const now = noon + 15 * minute - 1;
    const { expiries, state } = schedule(beatingAt(held, now), now);
    expect(expiries).toEqual([]);
    expect(state.dueAt).toBe(now + 1);
  });

  it('a millisecond after notice, where the pool gives no grace', () => {
    const held = holding(pool, requestOf('a'), ['h1.gpu0'], {
      asked: { reason: 'drained', message: '' },
    });
    const config = { ...held.config, graceMs: 0 };
    const noticed = schedule({ ...held, config }, noon);
    expect(noticed.revocations).toHaveLength(1);
    expect(noticed.state.dueAt).toBe(noon + 1);
    expect(schedule(noticed.state, noon + 1).expiries).toMatchObject([{ leaseId: 'a' }]);
  });

  it('when its host is silent for a minute: those that restart wait again at once', () => {
    const request = requestOf('a', {}, { restartable: true });
    const held = holding(holding(pool, request, ['h1.gpu0']), requestOf('b'), ['h2.gpu0']);
    const now = noon + minute;
    const silent = { ...beatingAt(held, now) };
    const hosts = { ...silent.hosts, h1: { ...silent.hosts.h1!, lastHeartbeatAt: noon } };
    const { state, expiries, grants } = schedule({ ...silent, hosts }, now);
    expect(expiries).toEqual([
      expect.objectContaining({
        leaseId: 'a',
        reason: 'host-lapsed',
        message: 'host h1 has been silent for 60 s',
        requeued: true,
      }),
    ]);
    expect(state.hosts.h1?.lapsed).toBe(true);
    expect(grants).toEqual([expect.objectContaining({ leaseId: 'a.2', requestId: 'a' })]);
    expect(state.leases['a.2']).toMatchObject({
      submittedAt: noon,
      grants: 2,
      devices: [{ deviceId: 'h2.gpu1' }],
    });
  });
});

describe('a lease gets notice', () => {
  it('after its longest time, and is over when the grace is', () => {
    const held = holding(pool, requestOf('long', {}, { maxSeconds: 60 }), ['h1.gpu0']);
    const now = noon + minute;
    const noticed = schedule(beatingAt(held, now), now);
    expect(noticed.revocations).toEqual([
      {
        leaseId: 'long',
        requestId: 'long',
        holder: { workflowId: 'work/long', runId: 'run-1' },
        reason: 'max-time',
        message: 'it has run for its 60 s',
        graceUntil: now + 30 * second,
        requeued: false,
      },
    ]);
    expect(schedule(noticed.state, now + second).revocations).toEqual([]);
    const end = now + 30 * second;
    const over = schedule(beatingAt(noticed.state, end), end);
    expect(over.expiries).toEqual([
      expect.objectContaining({ leaseId: 'long', reason: 'max-time' }),
    ]);
  });

  it('that an event has asked for, and waits again if it restarts by itself', () => {
    const asked = { reason: 'drained' as const, message: 'h1 is being drained' };
    const held = holding(pool, requestOf('a', {}, { restartable: true }), ['h1.gpu0'], { asked });
    const { revocations, state } = schedule(beatingAt(held, noon), noon);
    expect(revocations).toEqual([expect.objectContaining({ reason: 'drained', requeued: true })]);
    expect(state.leases.a?.asked).toBeUndefined();
    const overuse = { reason: 'overuse' as const, message: 'it uses too much' };
    const over = holding(pool, requestOf('a', {}, { restartable: true }), ['h1.gpu0'], {
      asked: overuse,
    });
    expect(schedule(beatingAt(over, noon), noon).revocations).toEqual([
      expect.objectContaining({ reason: 'overuse', requeued: false }),
    ]);
  });
});

describe('when the pool itself was away', () => {
  const held = holding(pool, requestOf('a'), ['h1.gpu0']);
  const before = schedule(held, noon).state;

  it('it is due soon enough to tell', () => {
    expect(before.dueAt).toBe(noon + 30 * second);
  });

  it('hosts and leases get the time back', () => {
    const now = noon + 20 * minute;
    const { expiries, state } = schedule(before, now);
    expect(expiries).toEqual([]);
    expect(state.hosts.h1?.lapsed).toBe(false);
    expect(state.leases.a?.expiresAt).toBe(now + 15 * minute);
  });

  it('a host that is silent alone gets nothing back', () => {
    let state = before;
    for (let now = before.dueAt!; now <= noon + minute; now = state.dueAt!) {
      const { h2 } = state.hosts;
      const hosts = { ...state.hosts, h2: { ...h2!, lastHeartbeatAt: now } };
      state = schedule({ ...state, hosts }, now).state;
    }
    expect(state.hosts).toMatchObject({ h1: { lapsed: true }, h2: { lapsed: false } });
    expect(state.leases).toEqual({});
  });
});

describe('a waiting request that has become impossible', () => {
  it('is refused once the only fitting device is gone', () => {
    const mixed = poolWith([
      reportOf('h1', gpus('h1', 1)),
      reportOf('h2', gpus('h2', 1, { model: 'Tesla T4' })),
    ]);
    const busy = holding(mixed, requestOf('holder'), ['h2.gpu0']);
    const waiting = schedule(withWaiting(busy, [requestOf('t4', { models: ['T4'] })]), noon).state;
    expect(waiting.waiting.t4).toBeDefined();
    const { 'h2.gpu0': _gone, ...devices } = waiting.devices;
    const { refusals, state } = schedule({ ...waiting, devices }, noon);
    expect(refusals).toEqual([
      expect.objectContaining({
        requestId: 't4',
        type: 'NoSuchDevice',
        message: expect.stringContaining('T4'),
      }),
    ]);
    expect(state.waiting).toEqual({});
    expect(state.totals.refused).toBe(1);
  });
});

it('a host that has been away for a week is forgotten, unless a device of it is drained', () => {
  const away = (state: PoolState, now: number): PoolState => {
    const hosts = Object.fromEntries(
      Object.values(state.hosts).map((host) => [host.hostId, { ...host, lapsed: true }]),
    );
    return schedule({ ...state, hosts, tickAt: now - 1, dueAt: null }, now).state;
  };
  const week = 7 * 24 * 60 * minute;
  const drain = { target: 'h2.gpu1', drain: true, revoke: false };
  const drained = drainDevices(pool, drain, noon);
  if ('refusal' in drained) throw new Error(drained.refusal.message);
  expect(Object.keys(away(drained.state, noon + week - 1).hosts)).toEqual(['h1', 'h2']);
  const left = away(drained.state, noon + week);
  expect(Object.keys(left.hosts)).toEqual(['h2']);
  expect(Object.keys(left.devices)).toEqual(['h2.gpu0', 'h2.gpu1']);
});
