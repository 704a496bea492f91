import { describe, expect, it } from 'vitest';
import type { TeamsConfig } from '../../../workflows/contracts/pool/teams.ts';
import { applyTeams } from '../../../workflows/scheduling/events/applyTeams.ts';
import { drainDevices } from '../../../workflows/scheduling/events/drainDevices.ts';
import { dropHolder } from '../../../workflows/scheduling/events/dropHolder.ts';
import { releaseLease } from '../../../workflows/scheduling/events/releaseLease.ts';
import { takeLatency } from '../../../workflows/scheduling/events/takeLatency.ts';
import { takeOveruse } from '../../../workflows/scheduling/events/takeOveruse.ts';
import { withdrawRequest } from '../../../workflows/scheduling/events/withdrawRequest.ts';
import { leaseOf } from '../../../workflows/scheduling/leaseOf.ts';
import {
  gpus,
  holding,
  noon,
  poolWith,
  reportOf,
  requestOf,
  teamOf,
  teamsOf,
} from '../../support/poolState.ts';

const pool = poolWith([reportOf('h1', gpus('h1', 2)), reportOf('h2', gpus('h2', 1))]);
const share = { milli: 250, memoryMib: 10_000 };
const fraction = { milli: 250, memoryMib: 10_000 };
const held = holding(
  holding(pool, requestOf('a', fraction), ['h1.gpu0'], { share }),
  requestOf('b', fraction),
  ['h1.gpu0'],
  { share },
);

describe('leaseOf', () => {
  it('is what the holder works with', () => {
    expect(leaseOf(held, 'b')).toEqual({
      leaseId: 'b',
      pool: 'test',
      team: 'default',
      expiresAt: noon + 900_000,
      devices: [
        {
          deviceId: 'h1.gpu0',
          taskQueue: 'device.h1.gpu0',
          hostId: 'h1',
          epoch: 2,
          liveEpochs: [1, 2],
          milli: 250,
          memoryMib: 10_000,
        },
      ],
    });
    expect(leaseOf(held, 'constructor')).toBeUndefined();
  });

  it('leaves out epochs of leases that are over, cleared or not', () => {
    const over = releaseLease(held, { leaseId: 'a', cleared: [] }, noon);
    expect(leaseOf(over, 'b')?.devices[0]?.liveEpochs).toEqual([2]);
  });
});

describe('the end of a lease', () => {
  it('frees at once what its holder has cleared', () => {
    const cleared = [{ deviceId: 'h1.gpu0', epoch: 1 }];
    const over = releaseLease(held, { leaseId: 'a', cleared }, noon + 60_000);
    expect(Object.keys(over.leases)).toEqual(['b']);
    expect(over.devices['h1.gpu0']?.clearing).toEqual([]);
    expect(over.unrecorded).toMatchObject([{ leaseId: 'a', end: 'released' }]);
    expect(over.totals.released).toBe(1);
  });

  it('comes with its holder, for all that it held', () => {
    const { holder } = requestOf('a');
    const gone = dropHolder(held, { holder }, noon);
    expect(Object.keys(gone.leases)).toEqual(['b']);
    expect(gone.unrecorded).toMatchObject([{ leaseId: 'a', end: 'holder-gone' }]);
    expect(gone.devices['h1.gpu0']?.clearing).toMatchObject([{ epoch: 1 }]);
  });

  it('does not queue a restartable one again whose holder is gone', () => {
    const revoking = {
      reason: 'moved' as const,
      message: '',
      graceUntil: noon,
      requeue: true,
      shrinkTo: null,
    };
    const moved = { ...held, leases: { ...held.leases, a: { ...held.leases.a!, revoking } } };
    const { holder } = requestOf('a');
    expect(dropHolder(moved, { holder }, noon).waiting).toEqual({});
    expect(withdrawRequest(moved, { requestId: 'a' }, noon).waiting).toEqual({});
    const queued = releaseLease(moved, { leaseId: 'a', cleared: [] }, noon).waiting;
    expect(Object.keys(queued)).toEqual(['a']);
  });

  it('is charged to its team, and forgets who used least when there are too many', () => {
    const vector = { milli: 900, memoryMib: 0, cpuMilli: 0, hostMemoryMib: 0 };
    const names = Array.from({ length: 1_000 }, (_, at) => `job-${at}`);
    const usage = Object.fromEntries(
      names.map((name, at) => [name, { vector: { ...vector, milli: at }, at: noon - 1 }]),
    );
    const later = noon + 24 * 3_600_000;
    const over = releaseLease({ ...held, usage }, { leaseId: 'a', cleared: [] }, later);
    expect(Object.keys(over.usage)).toHaveLength(800);
    expect(over.usage.default?.vector.milli).toBeGreaterThan(0);
    expect(over.usage['job-999']).toEqual(usage['job-999']);
    expect(over.usage['job-1']).toBeUndefined();
  });

  it('comes when the withdrawal has crossed with the grant', () => {
    const over = withdrawRequest(held, { requestId: 'a' }, noon);
    expect(Object.keys(over.leases)).toEqual(['b']);
    expect(over.devices['h1.gpu0']?.clearing).toMatchObject([{ epoch: 1 }]);
  });
});

describe('latency', () => {
  const report = (p95Ms: number, at: number, state = held) =>
    takeLatency(state, { leaseId: 'a', p95Ms, at }, noon + 1_000);

  it('is kept, the newest', () => {
    const next = report(12.5, noon + 500);
    expect(next.leases.a?.latency).toEqual({ p95Ms: 12.5, at: noon + 500 });
    expect(report(99, noon + 400, next)).toBe(next);
  });

  it('is never from the future, and never nonsense', () => {
    expect(report(5, noon + 1e12).leases.a?.latency?.at).toBe(noon + 1_000);
    expect(report(Number.NaN, noon)).toBe(held);
    expect(report(-1, noon)).toBe(held);
    expect(takeLatency(held, { leaseId: 'x', p95Ms: 1, at: noon }, noon)).toBe(held);
  });
});

describe('overuse', () => {
  const report = (usedMib: number, deviceId = 'h1.gpu0') =>
    takeOveruse(held, { leaseId: 'a', deviceId, usedMib }, noon);

  it('has the lease revoked', () => {
    expect(report(10_001).leases.a?.asked).toEqual({
      reason: 'overuse',
      message: 'lease a uses 10001 MiB of h1.gpu0, its share is 10000 MiB: ask for more memory',
    });
  });

  it('is more than the share, on its own device', () => {
    expect(report(10_000)).toBe(held);
    expect(report(99_999, 'h1.gpu1')).toBe(held);
    expect(report(Number.NaN)).toBe(held);
  });
});

describe('draining', () => {
  const drain = (target: string, change = {}, state = held) =>
    drainDevices(state, { target, drain: true, revoke: false, ...change }, noon);
  const done = (target: string, change = {}, state = held) => {
    const outcome = drain(target, change, state);
    if ('refusal' in outcome) throw new Error(outcome.refusal.message);
    return outcome;
  };

  it('lets what holds the device end by itself', () => {
    const { state, result } = done('h1.gpu0');
    expect(result).toEqual({ devices: [{ deviceId: 'h1.gpu0', draining: true, leases: 2 }] });
    expect(state.devices['h1.gpu0']?.draining).toBe(true);
    expect(state.leases).toBe(held.leases);
  });

  it('revokes when asked to, unless it is taken back in time', () => {
    const { state } = done('h1.gpu0', { revoke: true });
    expect(state.leases.a?.asked).toEqual({
      reason: 'drained',
      message: 'h1.gpu0 is being drained',
    });
    const back = done('h1.gpu0', { drain: false }, state).state;
    expect(back).toEqual(held);
  });

  it('takes a host, and a label that only one device has', () => {
    expect(done('h1').result.devices.map(({ deviceId }) => deviceId)).toEqual([
      'h1.gpu0',
      'h1.gpu1',
    ]);
    expect(done('cuda1').result.devices).toMatchObject([{ deviceId: 'h1.gpu1' }]);
    expect(drain('cuda0')).toEqual({
      refusal: {
        type: 'InvalidRequest',
        message:
          'device "cuda0": 2 devices have that label; give one of their ids: h1.gpu0, h2.gpu0',
      },
    });
    expect(drain('cuda9')).toEqual({
      refusal: {
        type: 'InvalidRequest',
        message:
          'device "cuda9": expected the id or label of a device, or the id of a host, of pool test; berth pool lists them',
      },
    });
  });
});

describe('teams', () => {
  const nightly = {
    reservationId: 'nightly',
    team: 'research',
    devices: 2,
    models: [],
    window: { kind: 'weekly' as const, days: [1], fromMinute: 1320, toMinute: 360 },
  };
  const good = teamsOf(
    {
      research: teamOf({
        quota: { milli: 4000 },
        limit: { milli: 8000 },
        children: { nlp: teamOf({ quota: { milli: 3000 } }), vision: teamOf() },
      }),
    },
    { reservations: [nightly], prices: { A100: 2.5 }, currency: 'EUR' },
  );
  const refusal = (teams: unknown) => {
    const outcome = applyTeams(held, teams as TeamsConfig, noon);
    return 'refusal' in outcome ? outcome.refusal.message : undefined;
  };

  it('are set all at once', () => {
    expect(applyTeams(held, good, noon)).toEqual({ state: { ...held, teams: good } });
  });

  it('are refused when the pool could not hand them on', () => {
    const prices = Object.fromEntries(Array.from({ length: 40_000 }, (_, at) => [`m${at}`, 1]));
    expect(refusal({ ...good, prices })).toMatch(/^teams: \d+ bytes as JSON: expected at most/);
  });

  const research = (change: object) => ({
    ...good,
    teams: { research: { ...good.teams.research, ...change } },
  });
  const reservation = (change: object) => ({ ...good, reservations: [{ ...nightly, ...change }] });

  it.each([
    [null, /^teams: expected an object/],
    [{ ...good, teams: [] }, /^teams: \[\]: expected teams by name/],
    [{ ...good, teams: { 'No Name': teamOf() } }, /^teams.No Name: expected a name/],
    [{ ...good, teams: { constructor: teamOf() } }, /^teams.constructor: expected a name/],
    [research({ weight: 0 }), /^teams.research.weight: 0: expected a number above 0/],
    [research({ weight: -1 }), /^teams.research.weight: -1: expected/],
    [research({ quota: { milli: -1 } }), /^teams.research.quota.devices: -1: expected an amount/],
    [research({ quota: { gpus: 1 } }), /^teams.research.quota.gpus: no such resource/],
    [
      research({ quota: { milli: 9000 } }),
      /^teams.research.quota.devices: expected at most its limit of 8 devices, not 9/,
    ],
    [
      research({ quota: { milli: 2000 } }),
      /^teams.research.quota.devices: the teams in it have 3 devices as quota, more than its own 2 devices/,
    ],
    [
      research({ quota: {} }),
      /^teams.research: the teams in it have 3 devices as quota, more than its own 0 devices/,
    ],
    [research({ trustDomain: 'A B' }), /^teams.research.trustDomain: "A B": expected/],
    [
      reservation({ team: 'sales' }),
      /^reservations.nightly.team: "sales": expected a team of this file/,
    ],
    [reservation({ devices: 0 }), /^reservations.nightly.devices: 0: expected a number of whole/],
    [
      reservation({ devices: 9 }),
      /^reservations.nightly.devices: 9: expected at most the team's limit of 8/,
    ],
    [
      reservation({ window: { ...nightly.window, days: [7] } }),
      /^reservations.nightly.days: expected days/,
    ],
    [
      reservation({ window: { ...nightly.window, toMinute: 1320 } }),
      /^reservations.nightly.to: expected another time/,
    ],
    [
      reservation({ window: { kind: 'once', from: 5, to: 5 } }),
      /^reservations.nightly.to: expected a time after/,
    ],
    [
      reservation({ window: { kind: 'once', from: 0, to: 1e300 } }),
      /^reservations.nightly.to: 1e\+300: expected a time before the year 2200/,
    ],
    [
      { ...good, reservations: [nightly, nightly] },
      /^reservations.nightly: expected an id that no other/,
    ],
    [{ ...good, prices: { A100: -1 } }, /^prices.A100: -1: expected money/],
    [{ ...good, currency: 'euro' }, /^currency: "euro": expected three letters/],
  ])('%j is refused as a whole', (teams, message) => {
    expect(refusal(teams)).toMatch(message);
  });
});
