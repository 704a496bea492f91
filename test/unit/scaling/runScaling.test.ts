import { pino } from 'pino';
import { expect, test } from 'vitest';
import { readConfig } from '../../../activities/platform/config.ts';
import type { DemandForecast } from '../../../activities/usage/forecast/forecastDemand.ts';
import { createForecast } from '../../../workers/scaling/forecast.ts';
import { type RunScalingDeps, runScaling } from '../../../workers/scaling/runScaling.ts';
import type { Scaler } from '../../../workers/scaling/scaler.ts';
import { createPoolInMemory } from '../../support/scaling/poolInMemory.ts';

const second = 1_000;
const minute = 60_000;

/** One look at each step; `step` says what happens before it. Returns the counts asked for. */
async function run(
  steps: number,
  step: (
    at: number,
    pool: ReturnType<typeof createPoolInMemory>,
    scaler: { there: number },
  ) => void,
  deps: Partial<RunScalingDeps & RunScalingDeps['pool']> = {},
  devices = 2,
): Promise<number[]> {
  const pool = createPoolInMemory(devices);
  const counts: number[] = [];
  const there = { there: devices };
  const stopped = new AbortController();
  const scaler: Scaler = {
    name: 'counting',
    current: async () => there.there,
    scaleTo: async (count) => void counts.push(count),
  };
  let at = 0;
  await runScaling(
    {
      ...{ scaler, bounds: { min: 1, max: 6 }, everyMs: 0, logger: pino({ level: 'silent' }) },
      pool: {
        ...{ ...pool.client, ...deps },
        async describe() {
          if (at === steps - 1) stopped.abort();
          at += 1;
          step(at - 1, pool, there);
          return pool.client.describe();
        },
      },
      forecast: async () => null,
      ...deps,
    },
    stopped.signal,
  );
  return counts;
}

test('scales up for who waits, and does not ask twice for what is on its way', async () => {
  const counts = await run(4, (at, pool, scaler) => {
    if (at === 0) pool.ask('a', 'b', 'c');
    pool.pass(31 * second);
    if (at === 3) scaler.there = 3;
  });
  expect(counts).toEqual([3, 3, 3, 4]);
});

test('asks again for what never came', async () => {
  const counts = await run(3, (at, pool) => {
    if (at === 0) pool.ask('a', 'b', 'c');
    pool.pass(at === 1 ? 6 * minute : 31 * second);
  });
  expect(counts).toEqual([3, 3, 3]);
});

test('scales down after the quiet time, at start at once where that was just started', async () => {
  const pass = (_at: number, pool: ReturnType<typeof createPoolInMemory>) => pool.pass(5 * minute);
  expect(await run(4, pass)).toEqual([2, 2, 1, 1]);
  expect((await run(1, pass, { startLow: true }))[0]).toBe(1);
  const busy = (_at: number, pool: ReturnType<typeof createPoolInMemory>) => pool.ask('a', 'b');
  expect((await run(1, busy, { startLow: true }))[0]).toBe(2);
  expect((await run(1, pass, { startLow: true, forecast: async () => 1.5 }))[0]).toBe(2);
});

test('a pool without devices is filled, unless its host is only about to report', async () => {
  const arrive = (at: number, pool: ReturnType<typeof createPoolInMemory>) => {
    if (at === 1) pool.has(2);
  };
  expect(await run(1, arrive, {}, 0)).toEqual([1]);
  const there = { current: async () => 2, scaleTo: async (count: number) => void low.push(count) };
  const low: number[] = [];
  await run(2, arrive, { startLow: true, scaler: { name: 'local', ...there } }, 0);
  expect(low).toEqual([1]);
});

test('who would not start with more devices brings none', async () => {
  const nobody = {
    ...{ wouldStart: null, devices: [], started: [], revoked: [] },
    explanation: null,
  };
  const counts = await run(
    2,
    (at, pool) => {
      if (at === 0) pool.ask('a', 'b', 'c');
      pool.pass(minute);
    },
    { whatIf: async () => nobody },
  );
  expect(counts).toEqual([2, 2]);
});

test('a pool that does not answer stops nothing', async () => {
  const counts = await run(3, (at, pool) => {
    if (at === 0) throw new Error('the server is away');
    pool.pass(second);
  });
  expect(counts).toEqual([2, 2]);
});

test('the forecast counts from two weeks of usage on, and is asked for now and then', async () => {
  let now = 0;
  let asked = 0;
  let answer: Partial<DemandForecast> = { error: null, next24: [9, 9] };
  const forecast = createForecast(
    {
      async forecast() {
        asked += 1;
        return answer as DemandForecast;
      },
    },
    () => now,
  );
  expect(await forecast()).toBeNull();
  const error = { forecast: { mae: 0, wape: 0 }, naive: { mae: 0, wape: 0 } };
  answer = { error, next24: [1.5, 2.5, 9] };
  expect(await forecast()).toBeNull();
  now = 20 * minute;
  expect(await forecast()).toBe(2.5);
  expect(asked).toBe(2);
});

test('BERTH_SCALER and BERTH_SCALE', () => {
  const scaling = (BERTH_SCALER: string, BERTH_SCALE: string) =>
    readConfig({ BERTH_SCALER, BERTH_SCALE }).scaling;
  expect(scaling('local', '1-4')).toEqual({ scaler: { kind: 'local' }, min: 1, max: 4 });
  expect(scaling('command:/opt/scale me', '0-2')).toEqual({
    scaler: { kind: 'command', path: '/opt/scale me' },
    ...{ min: 0, max: 2 },
  });
  expect(scaling('', '1-4')).toBeUndefined();
  expect(() => scaling('local', '')).toThrow(/^BERTH_SCALER is set without BERTH_SCALE/);
  for (const [scaler, scale] of [
    ['kubernetes', '1-2'],
    ['command:scale.sh', '1-2'],
    ['local', '4-1'],
    ['local', '0-0'],
    ['local', '-1-2'],
  ] as const) {
    expect(() => scaling(scaler, scale)).toThrow(/^BERTH_SCALE/);
  }
});
