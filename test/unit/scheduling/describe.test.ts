import { describe, expect, it } from 'vitest';
import { poolDetails } from '../../../workflows/leases/poolDetails.ts';
import { describePool } from '../../../workflows/scheduling/describe.ts';
import { releaseLease } from '../../../workflows/scheduling/events/releaseLease.ts';
import { hostView } from '../../../workflows/scheduling/hostView.ts';
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

const teams = teamsOf({
  research: teamOf({
    quota: { milli: 2_000 },
    weight: 2,
    children: { nlp: teamOf({ trustDomain: 'science' }) },
  }),
});
const share = { milli: 250, memoryMib: 10_000 };
let state = poolWith(
  [reportOf('h1', gpus('h1', 4, {}, 'NV4')), reportOf('h2', gpus('h2', 2))],
  teams,
);
const gang = requestOf(
  'gang',
  { devices: 2, cpuMilli: 8_000 },
  { team: 'research', label: 'train' },
);
state = holding(state, gang, ['h1.gpu0', 'h1.gpu1']);
state = holding(state, requestOf('part', share, { team: 'research/nlp' }), ['h1.gpu2'], { share });
state = holding(state, requestOf('over'), ['h1.gpu3']);
state = releaseLease(state, { leaseId: 'over', cleared: [] }, noon);
state = {
  ...state,
  devices: { ...state.devices, 'h2.gpu0': { ...state.devices['h2.gpu0']!, draining: true } },
};
state = withWaiting(
  state,
  [requestOf('w1', { devices: 8, hosts: [] }, { team: 'research/nlp' })].map((request) => ({
    ...request,
    resources: { ...request.resources, devices: 4 },
  })),
);

describe('describePool', () => {
  const description = describePool(state, noon + 60_000);

  it('counts what is free of hosts and devices', () => {
    expect(description.hosts).toMatchObject([
      { hostId: 'h1', state: 'live', cpuMilli: 64_000, freeCpuMilli: 56_000 },
      { hostId: 'h2', state: 'live', freeCpuMilli: 64_000 },
    ]);
    expect(
      description.devices.map(({ deviceId, state, freeMilli, freeMemoryMib, holders }) => [
        deviceId,
        state,
        freeMilli,
        freeMemoryMib,
        holders,
      ]),
    ).toEqual([
      ['h1.gpu0', 'lent', 0, 0, ['gang']],
      ['h1.gpu1', 'lent', 0, 0, ['gang']],
      ['h1.gpu2', 'shared', 750, 30_000, ['part']],
      ['h1.gpu3', 'clearing', 0, 0, []],
      ['h2.gpu0', 'draining', 1_000, 40_000, []],
      ['h2.gpu1', 'free', 1_000, 40_000, []],
    ]);
  });

  it('names leases, their worst link, and the queue with places', () => {
    expect(description.leases).toMatchObject([
      { leaseId: 'gang', team: 'research', label: 'train', worstLink: 'NV4', revoking: null },
      { leaseId: 'part', worstLink: null },
    ]);
    expect(description.queue).toMatchObject([
      { requestId: 'w1', position: 1, holder: { workflowId: 'work/w1', runId: 'run-1' } },
    ]);
  });

  it('counts what teams use on every level', () => {
    expect(description.teams).toMatchObject([
      { team: 'default', used: { milli: 0 }, waiting: 0 },
      {
        team: 'research',
        quota: { milli: 2_000 },
        weight: 2,
        used: { milli: 2_250, memoryMib: 90_000, cpuMilli: 8_000, hostMemoryMib: 0 },
        share: 2_250 / 6_000 / 2,
        waiting: 1,
      },
      { team: 'research/nlp', used: { milli: 250 }, waiting: 1 },
    ]);
    const past = description.teams.map(({ decayedUse }) => decayedUse);
    // A minute of three eighths of the pool.
    expect(past[1]).toBeCloseTo((2_250 / 6_000) * (1 / 60), 4);
  });

  it('shows lapsed, promised and drained devices as such', () => {
    const host = { ...state.hosts.h2!, lapsed: true };
    const lapsed = { ...state, hosts: { ...state.hosts, h2: host } };
    expect(describePool(lapsed, noon).devices.at(-1)?.state).toBe('lapsed');
    const waiting = state.waiting.w1!;
    const promised = {
      devices: [{ deviceId: 'h2.gpu1', milli: 1000, memoryMib: 40_000 }],
      hosts: [{ hostId: 'h2', cpuMilli: 0, memoryMib: 0 }],
      worstLink: null,
      score: 0,
    };
    const kept = { ...state, waiting: { w1: { ...waiting, promised } } };
    expect(describePool(kept, noon).devices.at(-1)?.state).toBe('reserved');
  });

  it('is plain JSON', () => {
    expect(JSON.parse(JSON.stringify(description))).toEqual(description);
  });
});

describe('hostView', () => {
  it('has what the host must act on', () => {
    expect(hostView(state, 'h1', noon)).toEqual({
      pool: 'test',
      hostId: 'h1',
      generation: 'first',
      sequence: 1,
      leases: [
        expect.objectContaining({
          leaseId: 'gang',
          trustDomain: 'team:research',
          holder: { workflowId: 'work/gang', runId: 'run-1' },
          lifeMs: state.config.leaseLifeMs,
          revoking: null,
        }),
        expect.objectContaining({
          leaseId: 'part',
          trustDomain: 'domain:science',
          devices: [{ deviceId: 'h1.gpu2', epoch: 1, ...share }],
        }),
      ],
      clearing: [{ deviceId: 'h1.gpu3', epoch: 1, leaseId: 'over' }],
    });
  });

  it('is empty for others', () => {
    expect(hostView(state, 'h2', noon)).toMatchObject({ sequence: 1, leases: [], clearing: [] });
    expect(hostView(state, 'h9', noon)).toMatchObject({ generation: '', sequence: 0, leases: [] });
  });

  it('tells of a revocation', () => {
    const revoking = {
      reason: 'drained' as const,
      message: 'h1 is being drained',
      graceUntil: noon + 30_000,
      requeue: true,
      shrinkTo: null,
    };
    const leases = { ...state.leases, part: { ...state.leases.part!, revoking } };
    expect(hostView({ ...state, leases }, 'h1', noon).leases[1]?.revoking).toEqual({
      reason: 'drained',
      message: 'h1 is being drained',
      graceUntil: noon + 30_000,
    });
  });
});

describe('poolDetails', () => {
  it('shows devices, queue and teams as tables', () => {
    const lines = poolDetails(describePool(state, noon)).split('\n');
    expect(lines[0]).toMatch(/^\*\*1 of 6 devices free\*\*, 2 leases, 1 waiting\./);
    expect(lines).toContain('| cuda0 | NVIDIA A100 | h1 | lent | 0 %, 0 MiB | research: train |');
    expect(lines).toContain('| 1 | w1 | research/nlp | 4 devices | 2026-04-01T12:00:00.000Z |');
    expect(lines).toContain('| research | 2.25 | 2 | - | 18.8 % | 1 |');
  });

  it('stays short, and takes nothing for Markdown that people typed', () => {
    const label = '| <b>x</b> `rm` | '.repeat(12).slice(0, 200);
    let crowd = poolWith([reportOf('h1', gpus('h1', 200))]);
    for (let at = 0; at < 200; at++) {
      crowd = holding(crowd, requestOf(`r${at}`, {}, { label }), [`h1.gpu${at}`]);
    }
    crowd = withWaiting(
      crowd,
      Array.from({ length: 100 }, (_, at) => requestOf(`w${at}`, {}, { label })),
    );
    const details = poolDetails(describePool(crowd, noon));
    expect(details.length).toBeLessThan(30_000);
    expect(details).toContain('and 136 more');
    expect(details).toContain('and 80 more');
    expect(details).not.toMatch(/(?<!\\)<b>/);
  });
});
