import { describe, expect, test } from 'vitest';
import { buildIndex } from '../../../workflows/scheduling/placement/indexFromState.ts';
import { place } from '../../../workflows/scheduling/placement/place.ts';
import type { PlacementDevice } from '../../../workflows/scheduling/placement/placementIndex.ts';
import { sppParametersOf } from '../../../workflows/scheduling/placement/policies/createPolicy.ts';
import { trustDomainOf } from '../../../workflows/scheduling/placement/trustDomain.ts';
import type { DeviceState, PoolState } from '../../../workflows/scheduling/state.ts';
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
import { fraction, whole } from '../../support/scheduling/placementNodes.ts';

const pool = (): PoolState => poolWith([reportOf('a', gpus('a', 2))]);

function device(state: PoolState, deviceId: string): PlacementDevice {
  return buildIndex(state, noon).byDevice.get(deviceId)!.device;
}

function change(state: PoolState, deviceId: string, parts: Partial<DeviceState>): PoolState {
  const found = { ...state.devices[deviceId]!, ...parts };
  return { ...state, devices: { ...state.devices, [deviceId]: found } };
}

const share = { milli: 300, memoryMib: 1000 };
const ended = { leaseId: 'over', epoch: 1, since: noon, ...share };

describe('an index of the pool', () => {
  test('what is held is taken, host and device', () => {
    const request = requestOf('r', { milli: 300, cpuMilli: 4000, hostMemoryMib: 500 });
    const state = holding(pool(), request, ['a.gpu0'], { share });
    expect(device(state, 'a.gpu0')).toMatchObject({
      ...{ freeMilli: 700, freeMemoryMib: 39_000, shares: 1, domain: 'team:default' },
    });
    expect(buildIndex(state, noon).nodes).toMatchObject([
      { cpuFreeMilli: 60_000, memoryFreeMib: 255_500 },
    ]);
    expect(device(state, 'a.gpu1')).toMatchObject({ freeMilli: 1000, shares: 0, domain: null });
  });

  test('what is not cleared is taken, and shared with nobody', () => {
    const state = change(pool(), 'a.gpu0', { clearing: [ended] });
    expect(device(state, 'a.gpu0')).toMatchObject({ freeMilli: 700, shares: 1 });
    const index = buildIndex(state, noon);
    const there = fraction(100, { deviceIds: ['a.gpu0'] });
    expect(place(index, there, { domain: 'team:default' })).toBeUndefined();
    expect(place(index, whole(2))).toBeUndefined();
  });

  test('who shares the device with what is being cleared may go on sharing', () => {
    const held = holding(pool(), requestOf('r', { milli: 300 }), ['a.gpu0'], { share });
    const index = buildIndex(change(held, 'a.gpu0', { clearing: [ended] }), noon);
    const there = fraction(400, { deviceIds: ['a.gpu0'] });
    expect(place(index, there, { domain: 'team:default' })).toBeDefined();
    expect(place(index, { ...there, milli: 401 }, { domain: 'team:default' })).toBeUndefined();
  });

  test('a promise and the victims that it waits for count once', () => {
    const held = holding(pool(), requestOf('v', { milli: 300 }), ['a.gpu0'], { share });
    const waiting = withWaiting(held, [requestOf('w')]);
    const promised = {
      devices: [{ deviceId: 'a.gpu0', milli: 1000, memoryMib: 40_000 }],
      hosts: [{ hostId: 'a', cpuMilli: 0, memoryMib: 0 }],
      ...{ worstLink: null, score: 0 },
    };
    const state: PoolState = {
      ...waiting,
      waiting: { w: { ...waiting.waiting.w!, promised, victims: ['v'] } },
    };
    expect(device(state, 'a.gpu0')).toMatchObject({ freeMilli: 0, freeMemoryMib: 0 });
    const small = { ...promised, devices: [{ deviceId: 'a.gpu0', milli: 500, memoryMib: 500 }] };
    const partly: PoolState = {
      ...state,
      waiting: { w: { ...state.waiting.w!, promised: small } },
    };
    expect(device(partly, 'a.gpu0')).toMatchObject({ freeMilli: 500, freeMemoryMib: 39_000 });
  });

  test('draining, lapsed and missing devices are unavailable', () => {
    expect(device(change(pool(), 'a.gpu0', { draining: true }), 'a.gpu0').available).toBe(false);
    expect(device(change(pool(), 'a.gpu0', { missing: true }), 'a.gpu0').available).toBe(false);
    const state = pool();
    for (const flag of ['lapsed', 'draining']) {
      const hosts = { a: { ...state.hosts.a!, [flag]: true } };
      expect(device({ ...state, hosts }, 'a.gpu0').available).toBe(false);
    }
    expect(device(state, 'a.gpu0').available).toBe(true);
  });

  test('packing weighs as it does by default, and as the pool is configured to', () => {
    expect(sppParametersOf('spp-k')).toMatchObject({
      ...{ cpuWeight: 0.5, fragmentationWeight: 0.5, slotWeight: 0.3, contentionWeight: 1 },
    });
    // The first idle device of four is dear only as long as keeping them together weighs anything.
    const hosts = [reportOf('a', gpus('a', 4)), reportOf('b', gpus('b', 2))];
    const state = poolWith(hosts);
    const score = (config: Partial<PoolState['config']>): number =>
      place(
        buildIndex({ ...state, config: { ...state.config, ...config } }, noon),
        whole(1, { hosts: ['a'] }),
      )!.score;
    expect(score({})).toBe(Math.floor((-1000 - 0.3 * 1750) / 10));
    expect(score({ packSlotPercent: 0 })).toBe(-100);
    expect(score({ packSlotPercent: 100 })).toBe(Math.floor((-1000 - 1750) / 10));
  });

  test('the state is left as it was', () => {
    const state = change(pool(), 'a.gpu0', { clearing: [ended] });
    const before = structuredClone(state);
    buildIndex(state, noon);
    expect(state).toEqual(before);
  });
});

describe('trust domains', () => {
  const teams = teamsOf({
    research: teamOf({
      trustDomain: 'lab',
      children: { nlp: teamOf(), guests: teamOf({ trustDomain: 'guests' }) },
    }),
    vision: teamOf({ trustDomain: 'lab' }),
    ops: teamOf(),
  });

  test('the nearest one on the path, else the top-level team alone', () => {
    expect(trustDomainOf(teams, 'research/nlp/ann')).toBe(trustDomainOf(teams, 'vision'));
    expect(trustDomainOf(teams, 'research/guests')).not.toBe(trustDomainOf(teams, 'research'));
    expect(trustDomainOf(teams, 'ops/a')).toBe(trustDomainOf(teams, 'ops/b'));
    expect(trustDomainOf(teams, 'ops')).not.toBe(trustDomainOf(teams, 'vision'));
  });

  test('a team cannot name itself into a domain', () => {
    expect(trustDomainOf(teams, 'lab')).not.toBe(trustDomainOf(teams, 'vision'));
    expect(trustDomainOf(teams, 'constructor')).toBe('team:constructor');
  });
});
