import { describe, expect, it } from 'vitest';
import { orderWaiting } from '../../../workflows/scheduling/order.ts';
import { schedule } from '../../../workflows/scheduling/schedule.ts';
import type { PoolState } from '../../../workflows/scheduling/state.ts';
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
const four = [reportOf('h1', gpus('h1', 4))];
const ranFor = (ms: number) => ({
  grantedAt: noon - ms,
  renewedAt: noon,
  expiresAt: noon + 15 * minute,
});
const ids = (state: PoolState) => orderWaiting(state, noon).map(({ request }) => request.requestId);
const of = (team: string, change = {}) => ({ team, ...change });

describe('the order of the queue', () => {
  it('alternates between teams by weight, the smallest share first', () => {
    const pool = poolWith(four, teamsOf({ a: teamOf(), b: teamOf({ weight: 2 }) }));
    const waiting = withWaiting(pool, [
      ...['a1', 'a2', 'a3'].map((id) => requestOf(id, {}, of('a'))),
      ...['b1', 'b2', 'b3'].map((id) => requestOf(id, {}, of('b'))),
    ]);
    expect(ids(waiting)).toEqual(['a1', 'b1', 'b2', 'a2', 'b3', 'a3']);
  });

  it('puts a team below its quota before one that has used less', () => {
    const teams = teamsOf({ a: teamOf({ quota: { milli: 2_000 } }), b: teamOf() });
    const held = holding(poolWith(four, teams), requestOf('h', {}, of('a')), ['h1.gpu0']);
    const waiting = withWaiting(held, [requestOf('b1', {}, of('b')), requestOf('a1', {}, of('a'))]);
    expect(ids(waiting)).toEqual(['a1', 'b1']);
  });

  it('lets past use fade by its half-life', () => {
    const pool = poolWith(four);
    const vector = { milli: 2_000, memoryMib: 0, cpuMilli: 0, hostMemoryMib: 0 };
    const day = 24 * 60 * minute;
    const usage = {
      a: { vector, at: noon - 2 * day },
      b: { vector: { ...vector, milli: 1_000 }, at: noon },
    };
    const waiting = withWaiting({ ...pool, usage }, [
      requestOf('b1', {}, of('b')),
      requestOf('a1', {}, of('a')),
    ]);
    expect(ids(waiting)).toEqual(['a1', 'b1']);
  });

  it('lets a request gain a point of priority in ten minutes', () => {
    const old = withWaiting(poolWith(four), [requestOf('old')], noon - 20 * minute);
    const waiting = withWaiting(old, [
      requestOf('two', {}, { priority: 2 }),
      requestOf('three', {}, { priority: 3 }),
    ]);
    expect(ids(waiting)).toEqual(['three', 'old', 'two']);
  });
});

describe('limits', () => {
  it('hold at each level of the tree, while others go on', () => {
    const child = { nlp: teamOf(), vision: teamOf() };
    const teams = teamsOf({
      lab: teamOf({ limit: { milli: 2_000 }, children: child }),
      b: teamOf(),
    });
    const waiting = withWaiting(poolWith(four, teams), [
      requestOf('n1', {}, of('lab/nlp')),
      requestOf('v1', {}, of('lab/vision')),
      requestOf('n2', {}, of('lab/nlp')),
      requestOf('b1', {}, of('b')),
    ]);
    const { state } = schedule(waiting, noon);
    expect(Object.keys(state.leases).sort()).toEqual(['b1', 'n1', 'v1']);
    expect(Object.keys(state.waiting)).toEqual(['n2']);
    expect(state.waiting.n2?.blockedSince).toBeUndefined();
  });
});

describe('backfill', () => {
  const busy = holding(
    poolWith(four),
    requestOf('holder', {}, { expectedSeconds: 3_600 }),
    ['h1.gpu0'],
    ranFor(30 * minute),
  );
  const head = requestOf('head', { devices: 4 });

  it('lets a request go ahead of a blocked gang only if it ends before the gang can start', () => {
    const waiting = withWaiting(busy, [
      head,
      requestOf('long', {}, { expectedSeconds: 1_900 }),
      requestOf('unknown'),
      requestOf('short', {}, { expectedSeconds: 1_700 }),
    ]);
    const { grants, state } = schedule(waiting, noon);
    expect(grants.map(({ requestId }) => requestId)).toEqual(['short']);
    expect(state.waiting.head?.blockedSince).toBe(noon);
  });

  it('keeps nothing where nobody knows when holders end, until the head has aged', () => {
    const unknown = holding(poolWith(four), requestOf('holder'), ['h1.gpu0'], ranFor(30 * minute));
    const waiting = withWaiting(unknown, [head, requestOf('other')]);
    expect(schedule(waiting, noon).grants.map(({ requestId }) => requestId)).toEqual(['other']);
    const aged = { ...waiting.waiting.head!, blockedSince: noon - 40 * minute };
    const late = { ...waiting, waiting: { ...waiting.waiting, head: aged } };
    expect(schedule(late, noon).grants).toEqual([]);
    expect(ids(late)[0]).toBe('head');
  });
});

describe('requests that have aged', () => {
  it('hide no other by waiting for a limit of their own team', () => {
    const teams = teamsOf({ a: teamOf({ limit: { milli: 1_000 } }), b: teamOf() });
    const held = holding(poolWith(four, teams), requestOf('l', {}, of('a')), ['h1.gpu0']);
    const { waiting, ...rest } = withWaiting(held, [
      requestOf('limited', {}, of('a')),
      requestOf('gang', { devices: 4 }, of('b')),
      requestOf('small', {}, of('b', { priority: 9 })),
    ]);
    const since = (id: string, minutes: number) => ({
      [id]: { ...waiting[id]!, blockedSince: noon - minutes * minute },
    });
    const aged = {
      ...rest,
      waiting: { ...waiting, ...since('limited', 60), ...since('gang', 50) },
    };
    expect(schedule(aged, noon).grants).toEqual([]);
    const onlyLimited = { ...rest, waiting: { ...waiting, ...since('limited', 60) } };
    expect(schedule(onlyLimited, noon).grants).toEqual([
      expect.objectContaining({ requestId: 'small' }),
    ]);
  });
});

describe('preemption', () => {
  const wanted = requestOf('wanted', {}, { team: 'a', priority: 5 });
  const full = (priorities: number[], change = {}) =>
    priorities.reduce(
      (state, priority, at) =>
        holding(
          state,
          requestOf(`l${at}`, {}, { team: 'a', priority, preemptible: true, restartable: true }),
          [`h1.gpu${at}`],
          { ...ranFor((10 - at) * minute), ...change },
        ),
      poolWith(four),
    );

  it('takes the lowest priority, then the least work, and promises the place', () => {
    const { revocations, grants, state } = schedule(
      withWaiting(full([2, 1, 1, 3]), [wanted]),
      noon,
    );
    expect(grants).toEqual([]);
    expect(revocations).toEqual([
      expect.objectContaining({ leaseId: 'l2', reason: 'preempted', requeued: true }),
    ]);
    expect(state.waiting.wanted).toMatchObject({
      victims: ['l2'],
      promised: { devices: [{ deviceId: 'h1.gpu2' }] },
    });
    const rival = withWaiting(state, [requestOf('rival', {}, { team: 'b' })]);
    expect(schedule(rival, noon + 1).grants).toEqual([]);
  });

  it('takes nobody of equal priority, of another team, that may not be, or that has just begun', () => {
    expect(schedule(withWaiting(full([5, 5, 5, 5]), [wanted]), noon).revocations).toEqual([]);
    const other = requestOf('wanted', {}, { team: 'b', priority: 5 });
    expect(schedule(withWaiting(full([1, 1, 1, 1]), [other]), noon).revocations).toEqual([]);
    const young = full([1, 1, 1, 1], { grantedAt: noon - minute + 1 });
    const early = schedule(withWaiting(young, [wanted]), noon);
    expect(early.revocations).toEqual([]);
    expect(early.state.dueAt).toBe(noon + 1);
  });

  it('gives a team its quota back from one that is over it, and leaves that one its own', () => {
    const teams = teamsOf({
      a: teamOf({ quota: { milli: 2_000 } }),
      b: teamOf({ quota: { milli: 2_000 } }),
    });
    const lent = { team: 'b', preemptible: true, priority: 9 };
    const held = [0, 1, 2, 3].reduce(
      (state, at) =>
        holding(state, requestOf(`l${at}`, {}, lent), [`h1.gpu${at}`], ranFor((9 - at) * minute)),
      poolWith(four, teams),
    );
    const two = schedule(withWaiting(held, [requestOf('w', { devices: 2 }, of('a'))]), noon);
    expect(two.revocations.map(({ leaseId, reason }) => [leaseId, reason])).toEqual([
      ['l3', 'reclaimed'],
      ['l2', 'reclaimed'],
    ]);
    const three = schedule(withWaiting(held, [requestOf('w', { devices: 3 }, of('a'))]), noon);
    expect(three.revocations).toEqual([]);
  });

  it('does not take back by priority what was reclaimed for a quota', () => {
    const children = { a: teamOf({ quota: { milli: 1_000 } }), b: teamOf() };
    const lab = poolWith([reportOf('h1', gpus('h1', 1))], teamsOf({ lab: teamOf({ children }) }));
    const mine = requestOf('mine', {}, { team: 'lab/b', priority: 9 });
    const theirs = requestOf('theirs', {}, { team: 'lab/b', preemptible: true });
    const heldBy = (change: object) =>
      schedule(
        withWaiting(holding(lab, theirs, ['h1.gpu0'], { ...ranFor(minute), ...change }), [mine]),
        noon,
      );
    expect(heldBy({}).revocations).toHaveLength(1);
    expect(heldBy({ tookFrom: ['mine'] }).revocations).toEqual([]);
  });
});

describe('moves', () => {
  it('make room for a gang by sending a restartable lease elsewhere, its new place kept', () => {
    const two = poolWith([reportOf('h1', gpus('h1', 2)), reportOf('h2', gpus('h2', 2))]);
    const may = { restartable: true };
    const held = holding(
      holding(two, requestOf('l1', {}, may), ['h1.gpu0'], ranFor(5 * minute)),
      requestOf('l2'),
      ['h2.gpu0'],
      ranFor(5 * minute),
    );
    const { revocations, state } = schedule(
      withWaiting(held, [requestOf('gang', { devices: 2 })]),
      noon,
    );
    expect(revocations).toEqual([
      expect.objectContaining({ leaseId: 'l1', reason: 'moved', requeued: true }),
    ]);
    expect(state.leases.l1?.revoking?.movedTo?.devices).toMatchObject([{ deviceId: 'h2.gpu1' }]);
    expect(state.waiting.gang).toMatchObject({
      victims: ['l1'],
      promised: { hosts: [{ hostId: 'h1' }] },
    });
    expect(schedule(withWaiting(state, [requestOf('rival')]), noon + 1).grants).toEqual([]);
  });
});
