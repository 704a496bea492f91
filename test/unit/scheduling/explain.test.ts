import { describe, expect, it } from 'vitest';
import type { WaitReason } from '../../../workflows/contracts/pool/description.ts';
import { releaseLease } from '../../../workflows/scheduling/events/releaseLease.ts';
import { withdrawRequest } from '../../../workflows/scheduling/events/withdrawRequest.ts';
import { explain } from '../../../workflows/scheduling/explain/explain.ts';
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

const now = noon + 1_000;
const one = poolWith([reportOf('h1', gpus('h1', 1))]);
const two = poolWith([reportOf('h1', gpus('h1', 2))]);
const fraction = { milli: 500, memoryMib: 20_000 };

/** The reason of that kind, of request `r`. */
function reason<T extends WaitReason['token']>(
  state: PoolState,
  token: T,
  at = now,
): Extract<WaitReason, { token: T }> | undefined {
  const { reasons } = explain(state, 'r', at);
  return reasons.find((one): one is Extract<WaitReason, { token: T }> => one.token === token);
}

const tokens = (state: PoolState, at = now) =>
  explain(state, 'r', at).reasons.map(({ token }) => token);

describe('what is not waiting', () => {
  it('holds', () => {
    const held = holding(two, requestOf('r', { devices: 2 }), ['h1.gpu0', 'h1.gpu1']);
    expect(explain(held, 'r', now)).toEqual({
      requestId: 'r',
      state: 'granted',
      position: null,
      reasons: [],
      text: 'request r holds h1.gpu0, h1.gpu1',
      estimatedStart: null,
    });
  });

  it('is over, or was never there', () => {
    const waiting = withWaiting(two, [requestOf('r')]);
    const over = withdrawRequest(waiting, { requestId: 'r' }, now);
    expect(explain(over, 'r', now)).toMatchObject({ state: 'unknown', text: 'request r is over' });
    for (const id of ['x', 'constructor', '__proto__', '']) {
      expect(explain(two, id, now)).toMatchObject({ state: 'unknown', reasons: [] });
    }
  });

  it('is granted in a moment', () => {
    expect(explain(withWaiting(two, [requestOf('r')]), 'r', now)).toMatchObject({
      state: 'waiting',
      position: 1,
      reasons: [],
      estimatedStart: now,
      text: 'request r is next: it is granted in a moment',
    });
  });
});

describe('devices', () => {
  it('busy', () => {
    const held = holding(two, requestOf('a', {}, { team: 'nlp/ann' }), ['h1.gpu0']);
    const state = withWaiting(held, [requestOf('r', { devices: 2 }, { label: 'train.py' })]);
    expect(reason(state, 'busy')).toEqual({
      token: 'busy',
      freeDevices: 1,
      wanted: 2,
      heldBy: [{ team: 'nlp', devices: 1 }],
    });
    expect(explain(state, 'r', now).text).toBe(
      'request r (train.py) of team default wants 2 devices, place 1 of 1: 1 of 2 suitable devices wanted is free; held by nlp 1',
    );
  });

  it('no-such-model: the only device of it is gone', () => {
    let state = poolWith([
      reportOf('h1', gpus('h1', 1)),
      reportOf('h2', gpus('h2', 1, { model: 'NVIDIA H200' })),
    ]);
    state = withWaiting(state, [requestOf('r', { models: ['h200'] })]);
    const gone = { ...state.devices['h2.gpu0']!, missing: true };
    state = { ...state, devices: { ...state.devices, 'h2.gpu0': gone } };
    expect(reason(state, 'no-such-model')).toEqual({
      token: 'no-such-model',
      models: ['h200'],
      present: ['NVIDIA A100'],
    });
    expect(explain(state, 'r', now).text).toMatch(
      /^request r is refused in a moment: no device of pool test is of model "h200"/,
    );
  });

  it('no-such-model: no host has reported', () => {
    const state = withWaiting(poolWith([]), [requestOf('r')]);
    expect(reason(state, 'no-such-model')).toEqual({
      token: 'no-such-model',
      models: [],
      present: [],
    });
    expect(explain(state, 'r', now).text).toContain('no host with devices has reported yet');
  });

  it('fragmented over hosts', () => {
    let state = poolWith([reportOf('h1', gpus('h1', 2)), reportOf('h2', gpus('h2', 3))]);
    state = holding(state, requestOf('a'), ['h1.gpu0']);
    state = holding(state, requestOf('b'), ['h2.gpu0']);
    state = withWaiting(state, [requestOf('r', { devices: 3 })]);
    expect(reason(state, 'fragmented')).toEqual({
      token: 'fragmented',
      freeMilli: 3_000,
      freeDevices: 3,
      wanted: 3,
      best: { hostId: 'h2', devices: 2, milli: 2_000, memoryMib: 40_000 },
    });
  });

  it('fragmented within devices', () => {
    const share = { milli: 600, memoryMib: 10_000 };
    let state = holding(two, requestOf('a', share), ['h1.gpu0'], { share });
    state = holding(state, requestOf('b', share), ['h1.gpu1'], {
      share: { milli: 700, memoryMib: 10_000 },
    });
    state = withWaiting(state, [requestOf('r', fraction)]);
    expect(reason(state, 'fragmented')).toEqual({
      token: 'fragmented',
      freeMilli: 700,
      freeDevices: 0,
      wanted: 1,
      best: { hostId: 'h1', devices: 1, milli: 400, memoryMib: 30_000 },
    });
  });

  it('memory', () => {
    const share = { milli: 100, memoryMib: 30_000 };
    const held = holding(one, requestOf('a', share), ['h1.gpu0'], { share });
    const state = withWaiting(held, [requestOf('r', fraction)]);
    expect(reason(state, 'memory')).toEqual({
      token: 'memory',
      wantedMib: 20_000,
      largestFreeMib: 10_000,
    });
    expect(tokens(state)).toEqual(['memory']);
  });

  it('memory of whole devices', () => {
    let state = poolWith([
      reportOf('h1', [
        ...gpus('h1', 1),
        ...gpus('h1', 2, { memoryMib: 80_000, deviceId: 'h1.big', label: 'big' }).slice(0, 1),
      ]),
    ]);
    state = holding(state, requestOf('a'), ['h1.big']);
    state = withWaiting(state, [requestOf('r', { memoryMib: 60_000 })]);
    expect(reason(state, 'memory')).toEqual({
      token: 'memory',
      wantedMib: 60_000,
      largestFreeMib: 40_000,
    });
  });

  it('shares-full', () => {
    const few = poolWith([reportOf('h1', gpus('h1', 1, { maxShares: 2 }))]);
    const share = { milli: 100, memoryMib: 1_000 };
    let state = holding(few, requestOf('a', share), ['h1.gpu0'], { share });
    state = holding(state, requestOf('b', share), ['h1.gpu0'], { share });
    state = withWaiting(state, [requestOf('r', fraction)]);
    expect(reason(state, 'shares-full')).toEqual({
      token: 'shares-full',
      maxShares: 2,
      deviceId: 'h1.gpu0',
    });
  });

  it('trust', () => {
    const share = { milli: 100, memoryMib: 1_000 };
    const held = holding(one, requestOf('a', share, { team: 'nlp' }), ['h1.gpu0'], { share });
    const state = withWaiting(held, [requestOf('r', fraction, { team: 'sales' })]);
    expect(reason(state, 'trust')).toEqual({
      token: 'trust',
      team: 'sales',
      domains: ['team:nlp'],
    });
    expect(explain(state, 'r', now).text).toMatch(
      /team sales may not share a device with team nlp$/,
    );
  });

  it('links', () => {
    const pairs = gpus('h1', 4).map((device, at) => ({
      ...device,
      links: Object.fromEntries(
        [0, 1, 2, 3]
          .filter((other) => other !== at)
          .map((other) => [`h1.gpu${other}`, other >> 1 === at >> 1 ? 'NV4' : 'SYS'] as const),
      ),
    }));
    let state = poolWith([reportOf('h1', pairs)]);
    state = holding(state, requestOf('a'), ['h1.gpu0']);
    state = holding(state, requestOf('b'), ['h1.gpu2']);
    state = withWaiting(state, [requestOf('r', { devices: 2, link: 'NV1' })]);
    expect(reason(state, 'links')).toEqual({
      token: 'links',
      wanted: 'NV1',
      best: 'SYS',
      largestGroup: 1,
    });
  });

  it('host-resources', () => {
    const hungry = { cpuMilli: 60_000, hostMemoryMib: 250_000 };
    const held = holding(two, requestOf('a', hungry), ['h1.gpu0']);
    const cpu = withWaiting(held, [requestOf('r', { cpuMilli: 8_000 })]);
    expect(reason(cpu, 'host-resources')).toEqual({
      token: 'host-resources',
      resource: 'cpu',
      wanted: 8_000,
      largestFree: 4_000,
    });
    const memory = withWaiting(held, [requestOf('r', { ...fraction, hostMemoryMib: 10_000 })]);
    expect(reason(memory, 'host-resources')).toEqual({
      token: 'host-resources',
      resource: 'memory',
      wanted: 10_000,
      largestFree: 6_000,
    });
  });

  it('draining, clearing and host-lapsed, each counted once', () => {
    let state = poolWith([reportOf('h1', gpus('h1', 3)), reportOf('h2', gpus('h2', 2))]);
    state = holding(state, requestOf('a'), ['h1.gpu0']);
    state = releaseLease(state, { leaseId: 'a', cleared: [] }, noon);
    state = holding(state, requestOf('b'), ['h1.gpu2']);
    state = withWaiting(state, [requestOf('r')]);
    const drained = { ...state.devices['h1.gpu1']!, draining: true };
    state = {
      ...state,
      devices: { ...state.devices, 'h1.gpu1': drained },
      hosts: { ...state.hosts, h2: { ...state.hosts.h2!, lapsed: true } },
    };
    expect(reason(state, 'clearing')).toEqual({ token: 'clearing', devices: 1 });
    expect(reason(state, 'draining')).toEqual({ token: 'draining', devices: 1 });
    expect(reason(state, 'host-lapsed')).toEqual({ token: 'host-lapsed', hosts: 1, devices: 2 });
    expect(tokens(state)).toEqual(['busy', 'clearing', 'draining', 'host-lapsed']);
  });
});

describe('teams', () => {
  it('team-limit', () => {
    const teams = teamsOf({ nlp: teamOf({ limit: { milli: 1_500 } }) });
    let state = poolWith([reportOf('h1', gpus('h1', 2))], teams);
    state = holding(state, requestOf('a', {}, { team: 'nlp' }), ['h1.gpu0']);
    state = withWaiting(state, [requestOf('r', {}, { team: 'nlp' })]);
    expect(reason(state, 'team-limit')).toEqual({
      token: 'team-limit',
      team: 'nlp',
      resource: 'milli',
      limit: 1_500,
      used: 1_000,
      wanted: 1_000,
    });
  });

  it('over-quota', () => {
    const teams = teamsOf({
      nlp: teamOf({ quota: { milli: 1_000 } }),
      vision: teamOf({ quota: { milli: 1_000 } }),
    });
    let state = poolWith([reportOf('h1', gpus('h1', 2))], teams);
    state = holding(state, requestOf('a', {}, { team: 'nlp' }), ['h1.gpu0'], { grantedAt: now });
    state = holding(state, requestOf('b', {}, { team: 'vision' }), ['h1.gpu1'], {
      grantedAt: now,
    });
    state = withWaiting(state, [requestOf('r', {}, { team: 'nlp' })]);
    expect(reason(state, 'over-quota')).toEqual({
      token: 'over-quota',
      team: 'nlp',
      quota: 1_000,
      used: 1_000,
      share: 0.5,
      smallestShare: 0.5,
    });
  });

  it('ahead-in-queue', () => {
    const held = holding(one, requestOf('a'), ['h1.gpu0']);
    const state = withWaiting(held, [
      requestOf('b', {}, { label: 'eval' }),
      requestOf('c'),
      requestOf('r'),
    ]);
    expect(reason(state, 'ahead-in-queue')).toEqual({
      token: 'ahead-in-queue',
      position: 3,
      ahead: [
        { requestId: 'b', team: 'default', label: 'eval' },
        { requestId: 'c', team: 'default', label: '' },
      ],
    });
    expect(explain(state, 'r', now)).toMatchObject({ position: 3, estimatedStart: null });
  });

  it('reserved', () => {
    const window = { kind: 'once' as const, from: noon - 1, to: noon + 3_600_000 };
    const own = { reservationId: 'launch', team: 'serving', devices: 2, models: [], window };
    const teams = teamsOf({ serving: teamOf(), nlp: teamOf() }, { reservations: [own] });
    let state = poolWith([reportOf('h1', gpus('h1', 2))], teams);
    state = withWaiting(state, [requestOf('r', {}, { team: 'nlp' })]);
    expect(reason(state, 'reserved')).toEqual({
      token: 'reserved',
      reservationId: 'launch',
      team: 'serving',
      until: noon + 3_600_000,
      devices: 2,
    });
    expect(explain(state, 'r', now).estimatedStart).toBe(noon + 3_600_000);
  });
});

describe('turns', () => {
  const held = holding(two, requestOf('a', {}, { expectedSeconds: 600 }), ['h1.gpu0']);

  it('backfill-refused: it would end after what is free is needed', () => {
    const state = withWaiting(held, [
      requestOf('big', { devices: 2 }),
      requestOf('r', {}, { expectedSeconds: 1_200 }),
    ]);
    expect(reason(state, 'backfill-refused')).toEqual({
      token: 'backfill-refused',
      endsAt: now + 1_200_000,
      neededAt: noon + 600_000,
      by: 'big',
    });
    const unknown = withWaiting(held, [requestOf('big', { devices: 2 }), requestOf('r')]);
    expect(reason(unknown, 'backfill-refused')).toMatchObject({ endsAt: null });
    expect(JSON.parse(JSON.stringify(explain(unknown, 'r', now)))).toEqual(
      explain(unknown, 'r', now),
    );
  });

  it('estimated-start, also behind others', () => {
    const state = withWaiting(held, [
      requestOf('big', { devices: 2 }, { expectedSeconds: 60 }),
      requestOf('r', { devices: 2 }),
    ]);
    expect(explain(state, 'big', now).estimatedStart).toBe(noon + 600_000);
    expect(reason(state, 'estimated-start')).toEqual({
      token: 'estimated-start',
      at: noon + 660_000,
    });
    expect(explain(state, 'r', now).text).toMatch(/; estimated start in 11 min$/);
  });

  it('is estimated once for a lease that overruns', () => {
    const state = withWaiting(held, [requestOf('r', { devices: 2 })]);
    const late = noon + 1_200_000;
    const fresh = { ...state.hosts.h1!, lastHeartbeatAt: late };
    const lease = { ...state.leases.a!, expiresAt: late + 900_000 };
    const overrun = { ...state, hosts: { h1: fresh }, leases: { a: lease } };
    expect(explain(overrun, 'r', late).estimatedStart).toBe(late + 600_000);
  });

  it('waiting-for-victims', () => {
    const low = requestOf('low', {}, { preemptible: true, priority: -5 });
    let state = holding(one, low, ['h1.gpu0'], { grantedAt: noon - 120_000 });
    state = withWaiting(state, [requestOf('r', {}, { priority: 5 })]);
    expect(reason(state, 'waiting-for-victims')).toEqual({
      token: 'waiting-for-victims',
      leases: ['low'],
      until: now + state.config.graceMs,
    });
    const later = schedule(state, now).state;
    const over = releaseLease(later, { leaseId: 'low', cleared: [] }, now + 5_000);
    expect(reason(over, 'clearing', now + 5_000)).toEqual({ token: 'clearing', devices: 1 });
  });
});
