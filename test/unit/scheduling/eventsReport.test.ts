import { describe, expect, it } from 'vitest';
import type { HostReport } from '../../../workflows/contracts/pool/devices.ts';
import { clearDevice } from '../../../workflows/scheduling/events/clearDevice.ts';
import { drainDevices } from '../../../workflows/scheduling/events/drainDevices.ts';
import { releaseLease } from '../../../workflows/scheduling/events/releaseLease.ts';
import { takeReport } from '../../../workflows/scheduling/events/takeReport.ts';
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

const two = gpus('h1', 2);
const pool = poolWith([reportOf('h1', two)]);
const report = (change: Partial<HostReport>, state: PoolState = pool, now = noon + 20_000) =>
  takeReport(state, reportOf('h1', two, { sequence: 2, ...change }), now);

describe('hosts', () => {
  it('appear with their devices', () => {
    expect(pool.hosts.h1).toEqual({
      hostId: 'h1',
      generation: 'first',
      formerGenerations: [],
      sequence: 1,
      cpuMilli: 64_000,
      memoryMib: 256_000,
      lastHeartbeatAt: noon,
      draining: false,
      lapsed: false,
    });
    expect(pool.devices['h1.gpu1']).toEqual({
      ...two[1],
      draining: false,
      clearing: [],
      missing: false,
    });
  });

  it('that work under leases unknown to the pool have to end that first', () => {
    const working = [
      { deviceId: 'h1.gpu0', epoch: 7 },
      { deviceId: 'h1.gpu0', epoch: 8 },
      { deviceId: 'h2.gpu0', epoch: 3 },
    ];
    const fresh = poolWith([reportOf('h1', two, { working, epochs: { 'h1.gpu0': 8 } })]);
    const epochs = fresh.devices['h1.gpu0']?.clearing.map(({ epoch }) => epoch);
    expect(epochs).toEqual([7, 8]);
    const wanting = withWaiting(fresh, [requestOf('a', { deviceIds: ['h1.gpu0'] })]);
    expect(schedule(wanting, noon).grants).toEqual([]);
    const cleared = [7, 8].reduce(
      (state, epoch) => clearDevice(state, { hostId: 'h1', deviceId: 'h1.gpu0', epoch }, noon),
      wanting,
    );
    const { state, grants } = schedule(cleared, noon);
    expect(grants).toHaveLength(1);
    expect(state.leases.a?.devices).toMatchObject([{ epoch: 9, milli: 1000 }]);
  });

  it('go on with the next report', () => {
    const next = report({ draining: true, cpuMilli: 1_000 });
    expect(next.hosts.h1).toMatchObject({
      sequence: 2,
      lastHeartbeatAt: noon + 20_000,
      draining: true,
      cpuMilli: 1_000,
    });
  });

  it.each([
    ['the same once more', { sequence: 1 }],
    ['an older one', { sequence: 0 }],
    ['no sequence', { sequence: Number.NaN }],
    ['a sequence that cannot grow', { sequence: Number.POSITIVE_INFINITY }],
    ['no generation', { generation: '' }],
    ['no host', { hostId: 'constructor' }],
  ])('ignore %s', (_what, change) => {
    expect(report(change)).toBe(pool);
  });

  it('ignore a late report of the supervisor before', () => {
    const restarted = report({ generation: 'second', sequence: 1 });
    expect(restarted.hosts.h1).toMatchObject({
      generation: 'second',
      formerGenerations: ['first'],
      sequence: 1,
    });
    expect(report({ generation: 'first', sequence: 9 }, restarted)).toBe(restarted);
  });

  it('report numbers that make sense, or 0', () => {
    const next = report({ cpuMilli: Number.NaN, memoryMib: 1e300 });
    expect(next.hosts.h1).toMatchObject({ cpuMilli: 0, memoryMib: 2 ** 32 });
    expect(report({ cpuMilli: -5 }).hosts.h1?.cpuMilli).toBe(0);
  });
});

describe('devices', () => {
  it('come, change and go', () => {
    const [first] = gpus('h1', 1, { memoryMib: 80_000 });
    const added = gpus('h1', 3)[2]!;
    const next = report({ devices: [first!, added] });
    expect(Object.keys(next.devices)).toEqual(['h1.gpu0', 'h1.gpu2']);
    expect(next.devices['h1.gpu0']?.memoryMib).toBe(80_000);
  });

  it('stay, missing, while something holds them or is not cleared', () => {
    const held = holding(pool, requestOf('r'), ['h1.gpu1']);
    const missing = report({ devices: two.slice(0, 1) }, held);
    expect(missing.devices['h1.gpu1']?.missing).toBe(true);
    const over = releaseLease(missing, { leaseId: 'r', cleared: [] }, noon + 30_000);
    expect(over.devices['h1.gpu1']?.clearing).toMatchObject([{ leaseId: 'r', epoch: 1 }]);
    const message = { hostId: 'h1', deviceId: 'h1.gpu1', epoch: 1 };
    expect(Object.keys(clearDevice(over, message, noon).devices)).toEqual(['h1.gpu0']);
    expect(over.epochs).toEqual({ 'h1.gpu1': 1 });
  });

  it('that are drained come back drained', () => {
    const drained = drainDevices(pool, { target: 'cuda1', drain: true, revoke: false }, noon);
    if ('refusal' in drained) throw new Error(drained.refusal.message);
    const out = report({ devices: two.slice(0, 1) }, drained.state);
    const back = report({ sequence: 3 }, out);
    expect(back.devices['h1.gpu1']).toMatchObject({ missing: false, draining: true });
  });

  it.each([
    ['without an id', { deviceId: undefined }],
    ['of another host', { hostId: 'h2' }],
    ['with an inherited name', { deviceId: '__proto__' }],
    ['of negative size', { memoryMib: -1 }],
    ['of no size', { memoryMib: Number.NaN }],
    ['of absurd size', { memoryMib: 1e18 }],
    ['without a queue', { taskQueue: 7 }],
  ])('%s are left out', (_what, change) => {
    const odd = { ...gpus('h1', 3)[2]!, ...(change as object) };
    expect(report({ devices: [...two, odd] }).devices).toEqual(pool.devices);
  });

  it('are lent whole when their number of shares makes no sense', () => {
    const shares = (maxShares: unknown) =>
      report({ devices: [{ ...two[0]!, maxShares: maxShares as number }] }).devices['h1.gpu0']
        ?.maxShares;
    expect([0, -3, Number.NaN, 'x', 1e9, 2.5].map(shares)).toEqual([1, 1, 1, 1, 1000, 2]);
  });

  it('keep only links that can be ranked', () => {
    const links = { a: 'NV12', b: 'WIFI', c: 7, d: 'SYS' } as never;
    const next = report({ devices: [{ ...two[0]!, links, fabric: {} as never }] });
    expect(next.devices['h1.gpu0']).toMatchObject({ links: { a: 'NV12', d: 'SYS' }, fabric: null });
  });

  it('belong to one live host; another one takes them over when that is gone', () => {
    const stolen = [{ ...two[0]!, hostId: 'h2' }];
    const other = (state: PoolState) => takeReport(state, reportOf('h2', stolen), noon);
    expect(other(pool).devices['h1.gpu0']?.hostId).toBe('h1');
    const lapsed = { ...pool, hosts: { h1: { ...pool.hosts.h1!, lapsed: true } } };
    expect(other(lapsed).devices['h1.gpu0']?.hostId).toBe('h2');
    const held = holding(lapsed, requestOf('r'), ['h1.gpu0']);
    expect(other(held).devices['h1.gpu0']?.hostId).toBe('h1');
  });

  it('are never lent under an epoch that their fence has seen', () => {
    const epochs = { 'h1.gpu0': 7, 'h1.gpu1': -1, 'h9.gpu0': 5 };
    const next = report({ epochs });
    expect(next.epochs).toEqual({ 'h1.gpu0': 7 });
    const lower = report({ sequence: 3, epochs: { 'h1.gpu0': 3 } }, next);
    expect(lower.epochs).toEqual({ 'h1.gpu0': 7 });
    expect(report({ epochs: { 'h1.gpu0': Number.MAX_SAFE_INTEGER } }).epochs).toEqual({});
  });
});

describe('leases', () => {
  const held = holding(pool, requestOf('r', { devices: 2 }), ['h1.gpu0', 'h1.gpu1']);
  const working = [{ deviceId: 'h1.gpu1', epoch: 1 }];

  it('are renewed by work under one of their epochs', () => {
    const lease = report({ working }, held).leases.r;
    expect(lease).toMatchObject({
      renewedAt: noon + 20_000,
      expiresAt: noon + 20_000 + pool.config.leaseLifeMs,
    });
  });

  it('are not renewed without work, by an old epoch or from another host', () => {
    expect(report({}, held).leases).toBe(held.leases);
    const old = [{ deviceId: 'h1.gpu1', epoch: 0 }];
    expect(report({ working: old }, held).leases).toBe(held.leases);
    const elsewhere = takeReport(held, reportOf('h2', [], { working }), noon + 20_000);
    expect(elsewhere.leases).toBe(held.leases);
  });

  it('run out while they are being revoked', () => {
    const revoking = {
      reason: 'preempted' as const,
      message: '',
      graceUntil: noon + 30_000,
      requeue: false,
      shrinkTo: null,
    };
    const revoked = { ...held, leases: { r: { ...held.leases.r!, revoking } } };
    expect(report({ working }, revoked).leases).toBe(revoked.leases);
  });

  it('go on when their supervisor is restarted', () => {
    expect(report({ generation: 'second', sequence: 1 }, held).leases).toEqual(held.leases);
  });
});

describe('shares that are not cleared', () => {
  const held = holding(holding(pool, requestOf('a'), ['h1.gpu0']), requestOf('b'), ['h1.gpu1']);
  const over = ['a', 'b'].reduce(
    (state, leaseId) => releaseLease(state, { leaseId, cleared: [] }, noon),
    held,
  );
  const left = (state: PoolState) =>
    Object.values(state.devices).flatMap(({ clearing }) => clearing.map(({ leaseId }) => leaseId));

  it('outlast reports of the same generation', () => {
    expect(left(over)).toEqual(['a', 'b']);
    expect(left(report({}, over))).toEqual(['a', 'b']);
  });

  it('end with the supervisor that ran them, but for what is at work', () => {
    const working = [{ deviceId: 'h1.gpu1', epoch: 1 }];
    expect(left(report({ generation: 'second', sequence: 1, working }, over))).toEqual(['b']);
  });

  it('end when a lapsed host is back, but for what is at work', () => {
    const lapsed = { ...over, hosts: { h1: { ...over.hosts.h1!, lapsed: true } } };
    const back = report({ working: [{ deviceId: 'h1.gpu0', epoch: 1 }] }, lapsed);
    expect(left(back)).toEqual(['a']);
    expect(back.hosts.h1?.lapsed).toBe(false);
  });

  it('end by the word of their own host for their own epoch', () => {
    const cleared = (change: object) =>
      left(clearDevice(over, { hostId: 'h1', deviceId: 'h1.gpu0', epoch: 1, ...change }, noon));
    expect(cleared({})).toEqual(['b']);
    expect(cleared({ hostId: 'h2' })).toEqual(['a', 'b']);
    expect(cleared({ epoch: 2 })).toEqual(['a', 'b']);
    expect(cleared({ deviceId: 'h1.gpu7' })).toEqual(['a', 'b']);
  });

  it('end by a release that comes after the lease was over, for its own epochs only', () => {
    const cleared = [
      { deviceId: 'h1.gpu0', epoch: 1 },
      { deviceId: 'h1.gpu1', epoch: 1 },
    ];
    expect(left(releaseLease(over, { leaseId: 'a', cleared }, noon))).toEqual(['b']);
    expect(releaseLease(over, { leaseId: 'c', cleared }, noon)).toBe(over);
  });
});
