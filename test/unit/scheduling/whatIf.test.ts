import { describe, expect, it } from 'vitest';
import type { WhatIfChange } from '../../../workflows/contracts/pool/description.ts';
import { drainDevices } from '../../../workflows/scheduling/events/drainDevices.ts';
import { whatIf } from '../../../workflows/scheduling/whatIf.ts';
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
const two = poolWith([reportOf('h1', gpus('h1', 2, {}, 'NV4'))]);
const held = holding(two, requestOf('a'), ['h1.gpu0']);
const full = withWaiting(held, [requestOf('w', { devices: 2 })]);
const ask = (change: WhatIfChange, state = full) => whatIf(state, change, now);

describe('a new request', () => {
  const { holder: _holder, ...request } = requestOf('x');

  it('would start, and where', () => {
    expect(ask({ request }, held)).toEqual({
      wouldStart: true,
      devices: ['h1.gpu1'],
      started: [],
      revoked: [],
      explanation: null,
    });
  });

  it('would wait, and why', () => {
    const answer = ask({
      request: { ...request, resources: requestOf('y', { devices: 2 }).resources },
    });
    expect(answer).toMatchObject({ wouldStart: false, devices: [], started: [] });
    expect(answer.explanation).toMatchObject({ state: 'waiting', position: 2 });
    expect(answer.explanation?.reasons[0]).toMatchObject({ token: 'busy', freeDevices: 1 });
  });

  it('would be refused, and why', () => {
    const answer = ask({
      request: { ...request, resources: requestOf('y', { devices: 3 }).resources },
    });
    expect(answer.wouldStart).toBe(false);
    expect(answer.explanation?.text).toMatch(
      /^it would be refused: 3 devices are asked for, and no host of pool test has more than 2/,
    );
  });

  it('would take the place of what may be revoked', () => {
    const low = requestOf('low', {}, { preemptible: true, priority: -1 });
    const one = poolWith([reportOf('h1', gpus('h1', 1))]);
    const state = holding(one, low, ['h1.gpu0'], { grantedAt: noon - 120_000 });
    expect(ask({ request: { ...request, priority: 1 } }, state)).toMatchObject({
      wouldStart: true,
      devices: ['h1.gpu0'],
      revoked: ['low'],
    });
  });

  it('may have the id of one that waits', () => {
    expect(ask({ request: { ...request, requestId: 'w' } }, held).wouldStart).toBe(true);
  });
});

describe('a change', () => {
  it('nothing: what waits goes on waiting', () => {
    expect(ask({})).toEqual({
      wouldStart: null,
      devices: [],
      started: [],
      revoked: [],
      explanation: null,
    });
    expect(ask({ requestId: 'w' })).toMatchObject({ wouldStart: false });
  });

  it('a lease that ends', () => {
    expect(ask({ release: ['a'], requestId: 'w' })).toMatchObject({
      wouldStart: true,
      devices: ['h1.gpu0', 'h1.gpu1'],
      started: ['w'],
    });
  });

  it('devices that come, linked as the one that they are like', () => {
    const linked = withWaiting(held, [requestOf('l', { devices: 2, link: 'NV4' })]);
    expect(ask({ addDevices: { like: 'h1.gpu0', count: 1 } }, linked).started).toEqual(['l']);
    expect(ask({ addDevices: { like: 'NVIDIA A100', count: 3 } }).started).toEqual(['w']);
    expect(ask({ addDevices: { like: 'H200', count: 8 } }).started).toEqual([]);
  });

  it('devices that go or are lent again', () => {
    const drained = drainDevices(two, { target: 'cuda1', drain: true, revoke: false }, noon);
    if ('refusal' in drained) throw new Error(drained.refusal.message);
    const state = withWaiting(drained.state, [requestOf('w', { devices: 2 })]);
    expect(ask({ undrain: ['h1.gpu1'] }, state).started).toEqual(['w']);
    expect(ask({ release: ['a'], removeDevices: ['h1.gpu1'], requestId: 'w' })).toMatchObject({
      wouldStart: false,
      explanation: { text: expect.stringMatching(/^it would be refused: 2 devices/) },
    });
  });

  it('a priority', () => {
    const one = poolWith([reportOf('h1', gpus('h1', 1))]);
    const state = withWaiting(one, [requestOf('first'), requestOf('second')]);
    const priority = { requestId: 'second', priority: 10 };
    expect(ask({ requestId: 'second' }, state).wouldStart).toBe(false);
    expect(ask({ requestId: 'second', priority }, state)).toMatchObject({
      wouldStart: true,
      started: ['second'],
    });
  });

  it('within limits', () => {
    const teams = teamsOf({ nlp: teamOf({ limit: { milli: 1_000 } }) });
    let state = poolWith([reportOf('h1', gpus('h1', 2))], teams);
    state = holding(state, requestOf('a', {}, { team: 'nlp' }), ['h1.gpu0']);
    state = withWaiting(state, [requestOf('w', {}, { team: 'nlp' })]);
    const more = ask({ addDevices: { like: 'h1.gpu0', count: 4 }, requestId: 'w' }, state);
    expect(more.explanation?.reasons).toMatchObject([{ token: 'team-limit', limit: 1_000 }]);
  });

  it('of what is not there changes nothing', () => {
    const before = structuredClone(full);
    const odd = { release: ['x'], removeDevices: ['constructor'], undrain: ['y'], requestId: 'z' };
    expect(ask(odd)).toMatchObject({ wouldStart: false, explanation: { state: 'unknown' } });
    expect(full).toEqual(before);
  });
});
