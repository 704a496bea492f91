import { describe, expect, it } from 'vitest';
import type { Reservation } from '../../../workflows/contracts/pool/teams.ts';
import { currentOrNext } from '../../../workflows/scheduling/decision/reservationWindow.ts';
import { takeLatency } from '../../../workflows/scheduling/events/takeLatency.ts';
import { schedule } from '../../../workflows/scheduling/schedule.ts';
import {
  gpus,
  holding,
  noon,
  poolWith,
  reportOf,
  requestOf,
  teamOf,
  teamsOf,
  withWaiting,
} from '../../support/poolState.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const midnight = noon - 12 * hour;

describe('windows, UTC', () => {
  // `noon` is a Wednesday's, day 3.
  it.each([
    ['is open', [3], 660, 780, 11 * hour, 13 * hour],
    ['comes today', [3], 780, 840, 13 * hour, 14 * hour],
    ['has run since yesterday', [2], 1_320, 780, -2 * hour, 13 * hour],
    ['is over for this week', [3], 600, 660, 7 * day + 10 * hour, 7 * day + 11 * hour],
    ['is next on Friday', [1, 5], 0, 60, 2 * day, 2 * day + hour],
  ])('%s', (_name, days, fromMinute, toMinute, from, to) => {
    const window = { kind: 'weekly' as const, days, fromMinute, toMinute };
    expect(currentOrNext(window, noon)).toEqual({ from: midnight + from, to: midnight + to });
  });

  it('is there once, or never', () => {
    const once = { kind: 'once' as const, from: noon - 5, to: noon + 5 };
    expect(currentOrNext(once, noon)).toEqual({ from: noon - 5, to: noon + 5 });
    expect(currentOrNext(once, noon + 5)).toBeNull();
    expect(
      currentOrNext({ kind: 'weekly', days: [], fromMinute: 0, toMinute: 9 }, noon),
    ).toBeNull();
  });
});

describe('reservations', () => {
  const begin = noon + hour;
  const nightly: Reservation = {
    ...{ reservationId: 'nightly', team: 'batch', devices: 2, models: [] },
    window: { kind: 'once', from: begin, to: begin + hour },
  };
  const teams = teamsOf(
    { batch: teamOf({ children: { ann: teamOf() } }), web: teamOf() },
    { reservations: [nightly] },
  );
  const pool = poolWith([reportOf('h1', gpus('h1', 3))], teams);
  const web = (id: string, change = {}) => requestOf(id, {}, { team: 'web', ...change });

  it('before their window, go only to who will have ended or can be revoked', () => {
    const waiting = withWaiting(pool, [
      web('w1'),
      web('w2'),
      web('short', { expectedSeconds: 3_000 }),
      web('soft', { preemptible: true }),
    ]);
    const { state } = schedule(waiting, noon);
    expect(Object.keys(state.leases)).toHaveLength(3);
    expect(Object.keys(state.waiting)).toEqual(['w2']);
  });

  it('do not keep devices idle for a window that is far', () => {
    const granted = (change: object) => {
      const waiting = withWaiting(pool, [web('a', change), web('b', change), web('c', change)]);
      return schedule(waiting, begin - 24 * hour).grants.length;
    };
    expect(granted({})).toBe(3);
    expect(granted({ maxSeconds: 90_000 })).toBe(1);
  });

  it('at its begin, also take devices of who never said how long, or takes longer', () => {
    const from = { grantedAt: begin - 3 * hour };
    const held = [
      web('silent'),
      web('overdue', { expectedSeconds: 7_200 }),
      web('stated', { expectedSeconds: 14_400 }),
    ].reduce(
      (state, request, index) => holding(state, request, [`h1.gpu${index}`], from),
      poolWith([reportOf('h1', gpus('h1', 3))], {
        ...teams,
        reservations: [{ ...nightly, devices: 3 }],
      }),
    );
    const renewed = Object.entries(held.leases).map(([id, lease]) => [
      id,
      { ...lease, expiresAt: begin + hour },
    ]);
    const alive = {
      ...held,
      hosts: { h1: { ...held.hosts.h1!, lastHeartbeatAt: begin } },
      leases: Object.fromEntries(renewed),
    };
    const { revocations } = schedule(alive, begin);
    expect(revocations.map(({ leaseId }) => leaseId).sort()).toEqual(['overdue', 'silent']);
  });

  it('at its begin, have preemptible holders revoked, and are their team’s only', () => {
    const soft = { preemptible: true, restartable: true };
    const held = holding(
      holding(pool, web('soft', soft), ['h1.gpu0'], { grantedAt: begin - minute }),
      web('hard', { expectedSeconds: 7_200 }),
      ['h1.gpu1'],
      { grantedAt: begin - minute },
    );
    const alive = { ...held, hosts: { h1: { ...held.hosts.h1!, lastHeartbeatAt: begin } } };
    const waiting = withWaiting(
      alive,
      [web('w', soft), requestOf('own', {}, { team: 'batch/ann' })],
      begin,
    );
    const { revocations, grants, state } = schedule(waiting, begin);
    expect(revocations).toEqual([
      expect.objectContaining({ leaseId: 'soft', reason: 'reserved', requeued: true }),
    ]);
    expect(grants.map(({ requestId }) => requestId)).toEqual(['own']);
    expect(state.dueAt).toBeLessThanOrEqual(begin + hour);
  });

  it('of one team at the same time add up', () => {
    const window = { kind: 'once' as const, from: noon - minute, to: noon + hour };
    const twice = ['first', 'second'].map((reservationId) => ({
      ...{ reservationId, team: 'batch', devices: 1, models: [], window },
    }));
    const both = poolWith([reportOf('h1', gpus('h1', 3))], { ...teams, reservations: twice });
    const held = holding(both, requestOf('own', {}, { team: 'batch' }), ['h1.gpu0']);
    const { state } = schedule(withWaiting(held, [web('a'), web('b')]), noon);
    expect(Object.keys(state.leases)).toEqual(['own', 'a']);
  });

  it('their borders are deadlines', () => {
    const quiet = { ...pool, hosts: {}, devices: {} };
    expect(schedule(quiet, noon).state.dueAt).toBe(begin);
    expect(schedule(quiet, begin).state.dueAt).toBe(begin + hour);
    expect(schedule(quiet, begin + hour).state.dueAt).toBeNull();
  });
});

describe('latency goals', () => {
  const pool = poolWith([reportOf('h1', gpus('h1', 1))]);
  const shares = { milli: 400, memoryMib: 8_000 };
  const share = (id: string, milli: number, change = {}) =>
    requestOf(id, { milli, memoryMib: 8_000 }, change);
  const sharing = [
    share('server', 400, { latencyGoalMs: 50 }),
    share('small', 200, { restartable: true }),
    share('large', 400, { restartable: true }),
  ].reduce((state, request) => {
    const { milli } = request.resources;
    return holding(state, request, ['h1.gpu0'], { share: { ...shares, milli } });
  }, pool);
  const reported = (p95Ms: number, at: number, state = sharing) =>
    takeLatency(state, { leaseId: 'server', p95Ms, at }, at);

  it('are kept by lowering the largest restartable neighbour', () => {
    const { revocations, state } = schedule(reported(80, noon), noon);
    expect(revocations).toEqual([
      expect.objectContaining({ leaseId: 'large', reason: 'latency', requeued: true }),
    ]);
    expect(revocations[0]?.message).toContain('p95 of 80 ms, its goal is 50 ms');
    expect(state.leases.large?.revoking?.shrinkTo).toEqual({ milli: 300, memoryMib: 8_000 });
    expect(schedule(reported(49, noon), noon).revocations).toEqual([]);
  });

  it('are acted upon again after a minute, by a new report only', () => {
    const first = schedule(reported(80, noon), noon).state;
    const { large: _gone, ...leases } = first.leases;
    const alone = { ...first, leases };
    const at = (now: number, state: typeof alone) =>
      schedule(
        { ...state, hosts: { h1: { ...state.hosts.h1!, lastHeartbeatAt: now } }, dueAt: null },
        now,
      );
    expect(at(noon + 59_000, reported(90, noon + 59_000, alone)).revocations).toEqual([]);
    expect(at(noon + minute, alone).revocations).toEqual([]);
    expect(at(noon + minute, reported(90, noon + minute, alone)).revocations).toEqual([
      expect.objectContaining({ leaseId: 'small', reason: 'latency' }),
    ]);
  });
});
