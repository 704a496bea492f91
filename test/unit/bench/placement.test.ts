import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { arrivalsOf } from '../../../scripts/bench/placement/arrivals.ts';
import { createMinHeap } from '../../../scripts/bench/placement/minHeap.ts';
import { tolerance } from '../../../scripts/bench/placement/published.ts';
import type { PlacementRow } from '../../../scripts/bench/placement/rows.ts';
import { runPlacement } from '../../../scripts/bench/placement/runPlacement.ts';
import { spread, verdict } from '../../../scripts/bench/placement/spread.ts';
import { readTrace, type Trace } from '../../../scripts/bench/placement/trace.ts';

let folder = '';
const path = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-placement-'));
  const nodes = Array.from(
    { length: 6 },
    (_, at) => `node-${at},32000,131072,${at < 4 ? 4 : 2},${at < 4 ? 'T4' : 'P100'}`,
  );
  await writeFile(path('nodes.csv'), ['sn,cpu_milli,memory_mib,gpu,model', ...nodes].join('\n'));
  const pods = Array.from({ length: 40 }, (_, at) => {
    const shape = [
      ',1000,1024,1,300,',
      ',2000,1024,1,1000,T4',
      ',4000,1024,4,1000,',
      ',500,64,0,0,',
    ][at % 4];
    return `pod-${at}${shape}`;
  });
  const head = 'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec';
  await writeFile(path('small.csv'), [head, ...pods].join('\n'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const small = (): Promise<Trace> => readTrace(path('nodes.csv'), path('small.csv'));

describe('traces', () => {
  test('tasks of one shape share their resources, and capacity is counted in GPUs', async () => {
    const trace = await small();
    expect(trace).toMatchObject({ name: 'small', capacityMilli: 20_000 });
    expect(new Set(trace.tasks.map(({ resources }) => resources)).size).toBe(4);
    expect(
      trace.typical.map(({ devices, milli, models, count }) => [devices, milli, models, count]),
    ).toEqual(
      expect.arrayContaining([
        [1, 300, [], 10],
        [1, 1000, ['T4'], 10],
        [4, 1000, [], 10],
        [0, 0, [], 10],
      ]),
    );
  });

  test('files that are no trace are refused in one line that names the place', async () => {
    await writeFile(
      path('bad.csv'),
      'name,cpu_milli,memory_mib,num_gpu,gpu_milli\na,1000,1,one,1000',
    );
    await expect(readTrace(path('nodes.csv'), path('bad.csv'))).rejects.toThrow(
      /bad\.csv:2: num_gpu is no whole number/,
    );
    await expect(readTrace(path('small.csv'), path('small.csv'))).rejects.toThrow(/no column sn/);
    await expect(readTrace(path('none.csv'), path('small.csv'))).rejects.toThrow(/ENOENT/);
  });
});

describe('arrivals', () => {
  test('are the same for the same seed, in order, and ask for the load', async () => {
    const trace = await small();
    const arrivals = arrivalsOf(trace, 0.9, 7, 200);
    expect(arrivals).toEqual(arrivalsOf(trace, 0.9, 7, 200));
    const times = arrivals.map(({ at }) => at);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const asked = arrivals
      .filter(({ at }) => at > 0)
      .reduce((sum, { task, life }) => sum + task.gpuMilli * life, 0);
    expect(asked / 200 / trace.capacityMilli).toBeCloseTo(0.9, 1);
  });
});

test('the earliest comes first', () => {
  const heap = createMinHeap<number>();
  const times = [5, 1, 4, 1, 3, 9, 2, 6];
  for (const at of times) heap.push(at, at);
  expect(times.map(() => heap.pop())).toEqual([1, 1, 2, 3, 4, 5, 6, 9]);
  expect(heap.next()).toBe(Number.POSITIVE_INFINITY);
  expect(heap.pop()).toBeUndefined();
});

describe('verdicts', () => {
  test('a difference within two standard errors is a tie, a loss is called one', () => {
    expect(verdict([2, 2.1, 1.9], [1, 1, 1])).toMatch(/^\+1\.00 .*win$/);
    expect(verdict([1, 1, 1], [2, 2.1, 1.9])).toMatch(/^−1\.00 .*LOSS$/);
    expect(verdict([1, 3, 2], [2, 1, 2.9])).toMatch(/tie$/);
    expect(verdict([1, 1], [1, 1])).toMatch(/tie$/);
    expect(verdict([1], [2])).toMatch(/no verdict/);
  });

  test('spreads are of the sample, and tolerance grows with them', () => {
    expect(spread([1, 3])).toEqual({ mean: 2, sd: Math.SQRT2 });
    expect(spread([1]).sd).toBeNull();
    expect(tolerance(0.1)).toBe(0.3);
    expect(tolerance(1)).toBeCloseTo(3 * Math.sqrt(0.2));
  });
});

test('one run has a row for every figure, and is the same again', async () => {
  const plan = {
    files: { nodes: path('nodes.csv'), pods: [path('small.csv')] },
    seeds: 2,
    modes: ['fill', 'departures', 'queue'] as const,
    horizon: { from: 1, until: 3 },
    threads: 1,
  };
  const said: string[] = [];
  const report = await runPlacement(plan, (line) => said.push(line));
  const rows = report.rows.filter((row) => 'trace' in row) as PlacementRow[];
  expect(said).toHaveLength(3);
  const figures = (mode: string) => rows.filter((row) => row.mode === mode);
  expect(new Set(figures('fill').map(({ policy }) => policy)).size).toBe(9);
  expect(new Set(figures('departures').map(({ arrival }) => arrival))).toEqual(
    new Set([90, 95, 100, 110]),
  );
  expect(new Set(figures('queue').map(({ maxMoves }) => maxMoves))).toEqual(new Set([0, 4]));
  for (const row of rows) {
    expect(row).toMatchObject({ trace: 'small', ours: row.mean });
    expect(row.mean).toBeGreaterThanOrEqual(0);
  }
  for (const { figure, mean } of rows) {
    if (figure === 'allocation') expect(mean).toBeLessThanOrEqual(100);
  }
  const again = await runPlacement(plan, () => {});
  expect(again.rows.filter((row) => 'trace' in row)).toEqual(rows);
});
