import { describe, expect, it } from 'vitest';
import { dropHolder } from '../../../workflows/scheduling/events/dropHolder.ts';
import { submitRequest } from '../../../workflows/scheduling/events/submitRequest.ts';
import { withdrawRequest } from '../../../workflows/scheduling/events/withdrawRequest.ts';
import { initialState } from '../../../workflows/scheduling/initialState.ts';
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

const pool = poolWith([
  reportOf('h1', gpus('h1', 4, {}, 'NV4')),
  reportOf('h2', gpus('h2', 2, { model: 'Tesla T4', memoryMib: 16_000, maxShares: 1 })),
]);

describe('a request that makes no sense is refused at once', () => {
  it.each([
    [{ requestId: '' }, /^requestId "": expected a unique id/],
    [{ requestId: 'constructor' }, /^requestId "constructor": expected/],
    [{ requestId: 'run.2' }, /^requestId "run.2": expected .* does not end in a dot and a number/],
    [{ team: 'No Team' }, /^team "No Team": expected names/],
    [{ team: 'a/b/c/d/e/f' }, /^team "a\/b\/c\/d\/e\/f": expected/],
    [{ priority: 1001 }, /^priority 1001: expected a whole number from -1000 to 1000/],
    [{ priority: Number.NaN }, /^priority NaN: expected/],
    [{ preemptible: 'yes' }, /^preemptible "yes": expected true or false/],
    [{ maxSeconds: 0 }, /^maxSeconds 0: expected whole seconds from 1 to \d+, or null/],
    [{ expectedSeconds: -5 }, /^expectedSeconds -5: expected/],
    [{ latencyGoalMs: Number.POSITIVE_INFINITY }, /^latencyGoalMs Infinity: expected/],
    [{ label: 'a\nb' }, /^label "a\\nb": expected text/],
    [{ label: undefined }, /^label is missing: expected text/],
    [{ holder: { workflowId: 'w' } }, /^holder: expected workflowId and runId/],
    [{ resources: null }, /^resources: expected an object/],
  ])('%j', (change, message) => {
    const { state, refusal } = submitRequest(
      pool,
      { ...requestOf('r'), ...(change as object) },
      noon,
    );
    expect(refusal).toEqual({ type: 'InvalidRequest', message: expect.stringMatching(message) });
    expect(refusal?.message).not.toContain('\n');
    expect(state).toEqual({ ...pool, totals: { ...pool.totals, refused: 1 } });
  });

  it.each([
    [{ devices: 0 }, /^resources.devices 0: expected a whole number from 1 to 1024/],
    [{ devices: -1 }, /^resources.devices -1: expected/],
    [{ devices: 1.5 }, /^resources.devices 1.5: expected/],
    [{ devices: 1e9 }, /^resources.devices 1000000000: expected/],
    [{ milli: 1001 }, /^resources.milli 1001: expected thousandths of a device from 1 to 1000/],
    [{ memoryMib: -1 }, /^resources.memoryMib -1: expected whole MiB/],
    [{ memoryMib: '20' }, /^resources.memoryMib "20": expected/],
    [{ models: 'A100' }, /^resources.models "A100": expected a list/],
    [{ link: 'NVLINK' }, /^resources.link "NVLINK": expected NV1 to NV999, PIX/],
    [{ milli: 500, devices: 2, memoryMib: 1 }, /2 devices of 500 thousandths each: expected one/],
    [{ milli: 500 }, /^resources.memoryMib 0: expected the MiB to reserve/],
    [{ migProfile: '1g.10gb', devices: 2 }, /MIG profile 1g.10gb with 2 devices/],
    [{ deviceIds: ['h1.gpu0'], devices: 2 }, /1 named for 2 devices: expected at least as many/],
  ])('resources %j', (change, message) => {
    const { refusal } = submitRequest(pool, requestOf('r', change as object), noon);
    expect(refusal).toEqual({ type: 'InvalidRequest', message: expect.stringMatching(message) });
  });

  it.each([null, 7, 'x', []])('%j instead of a request', (value) => {
    expect(submitRequest(pool, value as never, noon).refusal?.type).toBe('InvalidRequest');
  });
});

describe('a request that no device could satisfy', () => {
  it.each([
    [
      { models: ['H200'] },
      /^no device of pool test is of model "H200": there are 4 NVIDIA A100 \(40000 MiB\), 2 Tesla T4 \(16000 MiB, whole only\)$/,
    ],
    [{ kind: 'npu' }, /^no device of pool test is of kind npu/],
    [{ hosts: ['h9'] }, /^no device of pool test is on host h9/],
    [{ deviceIds: ['h1.gpu9'] }, /^no device of pool test has the id h1.gpu9/],
    [{ migProfile: '1g.10gb' }, /is a MIG instance of profile 1g.10gb/],
    [{ memoryMib: 50_000 }, /^no device of pool test has 50000 MiB/],
    [{ models: ['t4'], milli: 500, memoryMib: 10 }, /can be lent in parts: there are 2 Tesla T4/],
    [
      { devices: 5 },
      /^5 devices are asked for, and no host of pool test has more than 4 that suit, 6 on all hosts together/,
    ],
    [
      { devices: 2, link: 'NV5' },
      /linked by NV5 or better .* the largest such group of pool test has 1/,
    ],
    [{ devices: 2, link: 'SYS', models: ['T4'] }, /the largest such group of pool test has 1/],
    [
      { cpuMilli: 64_001 },
      /^64001 thousandths of a core are asked for, and hosts .* have 64000 at most/,
    ],
    [{ hostMemoryMib: 256_001 }, /^256001 MiB of host memory are asked for/],
  ])('%j', (resources, message) => {
    const { refusal } = submitRequest(pool, requestOf('r', resources as object), noon);
    expect(refusal).toEqual({ type: 'NoSuchDevice', message: expect.stringMatching(message) });
  });

  it('counts what is held, drained or on a silent host', () => {
    let busy = holding(pool, requestOf('a', { devices: 4 }), Object.keys(pool.devices).slice(0, 4));
    busy = {
      ...busy,
      hosts: { ...busy.hosts, h1: { ...busy.hosts.h1!, lapsed: true } },
      devices: Object.fromEntries(
        Object.entries(busy.devices).map(([id, device]) => [id, { ...device, draining: true }]),
      ),
    };
    expect(submitRequest(busy, requestOf('r', { devices: 4 }), noon).refusal).toBeUndefined();
  });

  it('waits while no host has reported', () => {
    const { state, refusal } = submitRequest(
      initialState('test'),
      requestOf('r', { devices: 8, models: ['H200'] }),
      noon,
    );
    expect(refusal).toBeUndefined();
    expect(Object.keys(state.waiting)).toEqual(['r']);
  });
});

describe('teams', () => {
  const teams = teamsOf({
    research: teamOf({
      limit: { milli: 3000 },
      children: { nlp: teamOf({ limit: { memoryMib: 20_000 } }) },
    }),
  });
  const divided = poolWith([reportOf('h1', gpus('h1', 4))], teams);
  const ask = (team: string, resources = {}) =>
    submitRequest(divided, requestOf('r', resources, { team }), noon).refusal;

  it('refuses one that the teams file does not name', () => {
    const unknown = {
      type: 'InvalidRequest',
      message: expect.stringMatching(/^team \S+ is unknown/),
    };
    expect(ask('sales')).toEqual(unknown);
    expect(ask('research/vision')).toEqual(unknown);
    expect(ask('research/nlp/ann')).toEqual(unknown);
    expect(ask('research/nlp')).toBeUndefined();
    expect(ask('default')).toBeUndefined();
  });

  it('refuses what exceeds a limit on any level', () => {
    expect(ask('research/nlp', { devices: 4 })?.message).toMatch(
      /^team research may never hold more than 3000 thousandths of a device, and 4000 are asked for/,
    );
    expect(ask('research/nlp', { memoryMib: 30_000 })?.message).toMatch(
      /^team research\/nlp may never hold more than 20000 MiB of device memory/,
    );
    expect(ask('research', { devices: 3 })).toBeUndefined();
  });
});

describe('a known request id', () => {
  const waiting = withWaiting(pool, [requestOf('r')]);

  it('waits once however often it is submitted', () => {
    const again = submitRequest(waiting, requestOf('r', { devices: 2 }), noon + 5_000);
    expect(again.refusal).toBeUndefined();
    expect(again.state).toEqual(waiting);
  });

  it('follows its workflow to another run', () => {
    const holder = { workflowId: 'work/r', runId: 'run-2' };
    const { state } = submitRequest(waiting, requestOf('r', {}, { holder }), noon);
    expect(state.waiting.r?.request.holder).toEqual(holder);
  });

  it('is refused to another workflow', () => {
    const holder = { workflowId: 'work/other', runId: 'run-1' };
    expect(submitRequest(waiting, requestOf('r', {}, { holder }), noon).refusal).toEqual({
      type: 'InvalidRequest',
      message: 'request id r is in use by workflow work/r: choose another one',
    });
  });

  it('names the lease that it was granted, also the second one', () => {
    const held = holding(pool, requestOf('r'), ['h1.gpu0']);
    expect(submitRequest(held, requestOf('r'), noon)).toEqual({ state: held, granted: 'r' });
    const second = holding(pool, requestOf('r'), ['h1.gpu0'], { leaseId: 'r.2', grants: 2 });
    expect(submitRequest(second, requestOf('r'), noon).granted).toBe('r.2');
  });

  it('is used up once it is over, until it is forgotten', () => {
    const over = withdrawRequest(waiting, { requestId: 'r' }, noon);
    expect(over.waiting).toEqual({});
    expect(submitRequest(over, requestOf('r'), noon + 1).refusal?.message).toBe(
      'request id r is used up: choose a new one',
    );
    const later = submitRequest(over, requestOf('r'), noon + pool.config.rememberMs + 1);
    expect(later.refusal).toBeUndefined();
    expect(later.state.recent).toEqual([]);
  });

  it('comes to an end with its holder', () => {
    const gone = dropHolder(waiting, { holder: requestOf('r').holder }, noon);
    expect(gone.waiting).toEqual({});
    expect(gone.recent).toEqual([{ requestId: 'r', at: noon }]);
    const otherRun = { workflowId: 'work/r', runId: 'run-0' };
    expect(dropHolder(waiting, { holder: otherRun }, noon)).toBe(waiting);
  });
});

describe('the queue', () => {
  it('takes no more than maxWaiting', () => {
    const small = { ...pool, config: { ...pool.config, maxWaiting: 2 } };
    const full = withWaiting(small, [requestOf('a'), requestOf('b')]);
    const { refusal, state } = submitRequest(full, requestOf('c'), noon);
    expect(refusal).toEqual({
      type: 'PoolFull',
      message: '2 requests wait in pool test, which takes 2: ask again later',
    });
    expect(Object.keys(state.waiting)).toEqual(['a', 'b']);
  });

  it('numbers requests as they come and counts their shapes', () => {
    const state = withWaiting(pool, [
      requestOf('a', { devices: 2 }),
      requestOf('b'),
      requestOf('c', { milli: 250, memoryMib: 5_000 }),
      requestOf('d'),
    ]);
    expect(Object.values(state.waiting).map(({ serial }) => serial)).toEqual([1, 2, 3, 4]);
    expect(state.typical.map(({ devices, milli, count }) => [devices, milli, count])).toEqual([
      [1, 1000, 2],
      [2, 1000, 1],
      [1, 250, 1],
    ]);
  });

  it('keeps nothing of a request that the pool does not know', () => {
    const fat = { ...requestOf('a'), cargo: 'x'.repeat(1_000_000) };
    const { state } = submitRequest(pool, fat, noon);
    expect(state.waiting.a?.request).toEqual(requestOf('a'));
  });
});
