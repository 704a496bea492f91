import { describe, expect, test } from 'vitest';
import { createShapeTable } from '../../../workflows/scheduling/placement/nodeShape.ts';
import { type NodeView, viewOf } from '../../../workflows/scheduling/placement/nodeView.ts';
import { occupy, place } from '../../../workflows/scheduling/placement/place.ts';
import type { PlacementNode } from '../../../workflows/scheduling/placement/placementIndex.ts';
import { bestFit } from '../../../workflows/scheduling/placement/policies/bestFit.ts';
import { clustering } from '../../../workflows/scheduling/placement/policies/clustering.ts';
import { dotProduct } from '../../../workflows/scheduling/placement/policies/dotProduct.ts';
import { createFgd } from '../../../workflows/scheduling/placement/policies/fgd.ts';
import { createFragmentation } from '../../../workflows/scheduling/placement/policies/fragmentation.ts';
import { packing } from '../../../workflows/scheduling/placement/policies/packing.ts';
import { createSpp } from '../../../workflows/scheduling/placement/policies/spp.ts';
import { livingParameters } from '../../../workflows/scheduling/placement/policies/sppParameters.ts';
import { typicalWorkload } from '../../../workflows/scheduling/placement/policies/typicalWorkload.ts';
import { taskOf } from '../../../workflows/scheduling/placement/task.ts';
import {
  fraction,
  gpu,
  host,
  indexOf,
  typicalTask,
  whole,
} from '../../support/scheduling/placementNodes.ts';

function view(node: PlacementNode, kinds = 0): NodeView {
  const shape = createShapeTable().of(node);
  return {
    ...viewOf({ ...node, position: 0, shape, kinds: new Map(), view: undefined }, 0, false),
    kinds,
  };
}

describe('the baselines of the published experiment', () => {
  const half = host('a', [1000, 600, 400, 0], { cpuFreeMilli: 64_000 });

  test('BestFit: what is left, against 128 cores and 8 GPUs', () => {
    const task = taskOf(fraction(400, { cpuMilli: 12_800 }));
    // CPU (64 − 12.8) / 128 = 0.4, GPU (2000 − 400) / 8000 = 0.2
    expect(bestFit.score(view(half), task, [2])).toBe(70);
  });

  test('DotProd: the product of what is free and what is asked, the smaller the better', () => {
    const task = taskOf(whole(1, { cpuMilli: 64_000 }));
    // (0.5 · 0.5 + 0.25 · 0.125) / 2 = 0.140625
    expect(dotProduct.score(view(half), task, [0])).toBe(85);
  });

  test('Packing: broken GPUs, then idle ones of a used node, then an idle node', () => {
    expect(packing.score(view(half), taskOf(fraction(300)), [2])).toBe(96);
    expect(packing.score(view(half), taskOf(fraction(500)), [1])).toBe(94);
    expect(packing.score(view(half), taskOf(whole(1)), [0])).toBe(49);
    expect(packing.score(view(host('b', [1000, 1000])), taskOf(whole(1)), [0])).toBe(31);
    expect(packing.score(view(half), taskOf(whole(0, { milli: 0 })), [])).toBe(0);
  });

  test('Clustering: nodes with tasks of the same kind only, then among others, then empty ones', () => {
    const shares = taskOf(fraction(300));
    // 8000 − 2000 free of 8000: 18 of 25
    expect(clustering.score(view(half, 0b1), shares, [2])).toBe(93);
    expect(clustering.score(view(half, 0b101), shares, [2])).toBe(68);
    expect(clustering.score(view(half, 0), shares, [2])).toBe(43);
    expect(clustering.score(view(half, 0b100), shares, [2])).toBe(18);
    expect(clustering.score(view(half, 0b100), taskOf(whole(2)), [0, 1])).toBe(93);
  });

  test('Random takes any node and any device that fits, the same for the same seed', () => {
    const nodes = ['a', 'b', 'c', 'd'].map((name) => host(name, [1000, 1000]));
    const draws = (seed: number): string[] => {
      const index = indexOf(nodes, { policy: 'random', seed });
      return Array.from({ length: 24 }, () => place(index, fraction(100))!.devices[0]!.deviceId);
    };
    expect(draws(1)).toEqual(draws(1));
    expect(draws(1)).not.toEqual(draws(2));
    expect(new Set(draws(1)).size).toBeGreaterThan(4);
  });
});

describe('FGD', () => {
  const workload = typicalWorkload([
    typicalTask(1, 500, 1),
    typicalTask(2, 1000, 1, { cpuMilli: 4000 }),
  ]);
  const fragmentation = createFragmentation(workload);
  const node = host('a', [1000, 400]);
  const shape = createShapeTable().of(node);

  test('fragmentation is what a typical task cannot use, on average', () => {
    // 500: fits on the idle GPU, 400 are lost. 2 GPUs: do not fit, all 1400 are lost.
    expect(fragmentation(shape, 100_000, [1000, 400])).toBe((400 + 1400) / 2);
    // Both fit by GPU, but 2 cores are too few for the second.
    expect(fragmentation(shape, 2000, [1000, 1000])).toBe(2000 / 2);
    expect(fragmentation(shape, 500, [1000, 1000])).toBe(2000);
    expect(fragmentation(shape, 100_000, [0, 0])).toBe(0);
  });

  test('other models and tasks without GPUs lose all of the free GPUs', () => {
    const mixed = createFragmentation(
      typicalWorkload([
        typicalTask(0, 0, 1),
        typicalTask(1, 500, 1, { models: ['A100'] }),
        typicalTask(1, 500, 2),
      ]),
    );
    expect(mixed(shape, 100_000, [1000, 400])).toBe((1400 + 1400 + 2 * 400) / 4);
  });

  test('the score is a whole number: sigmoid of what is gained, per GPU', () => {
    const fgd = createFgd(fragmentation, false);
    const task = taskOf(fraction(400, { cpuMilli: 1000 }));
    // F is 900; on the broken GPU it becomes (0 + 1000) / 2, on the idle one (400 + 1000) / 2.
    expect(fgd.score(view(node), task, [1])).toBe(Math.trunc(100 / (1 + Math.exp(-0.4))));
    expect(fgd.score(view(node), task, [0])).toBe(Math.trunc(100 / (1 + Math.exp(-0.2))));
    const placement = place(indexOf([node], { policy: 'fgd', typical: [] }), task);
    expect(placement?.devices[0]?.deviceId).toBe('a.0');
    const typical = [typicalTask(1, 500, 1), typicalTask(2, 1000, 1, { cpuMilli: 4000 })];
    const better = place(indexOf([node], { policy: 'fgd', typical }), task);
    expect(better).toMatchObject({ devices: [{ deviceId: 'a.1' }], score: 59 });
  });

  test('ties go to the first node, or to one that is used', () => {
    const nodes = [host('a', [1000]), host('b', [1000], { cpuFreeMilli: 99_000 })];
    const first = (policy: 'fgd' | 'fgd-used-first'): string | undefined =>
      place(indexOf(nodes, { policy }), whole(1))?.devices[0]?.deviceId;
    expect(first('fgd')).toBe('a.0');
    expect(first('fgd-used-first')).toBe('b.0');
  });
});

describe('shadow-price packing', () => {
  const values = new Float64Array(1001).map((_, room) =>
    room === 1000 ? 1000 : room >= 500 ? 500 : 0,
  );
  const prices = { cpuPerGpu: 10, values, density: [[2, 2, 1, 1]] };
  const plain = { ...livingParameters, fragmentationWeight: 0, contentionWeight: 0, slotWeight: 0 };
  const node = host('a', [1000, 1000, 600, 0], { cpuFreeMilli: 20_000 });
  const none = () => 0;

  test('a task costs what it takes of the devices’ worth', () => {
    const spp = createSpp(prices, none, { ...plain, cpuWeight: 0 });
    expect(spp.score(view(node), taskOf(fraction(100)), [2])).toBe(0);
    expect(spp.score(view(node), taskOf(fraction(200)), [2])).toBe(-50);
    expect(spp.score(view(node), taskOf(fraction(200)), [0])).toBe(-50);
    expect(spp.score(view(node), taskOf(whole(2)), [0, 1])).toBe(-200);
  });

  test('GPU milli without CPU to feed them are worth half', () => {
    const spp = createSpp(prices, none, plain);
    // 2600 milli free, 2000 fed; after: 2500 free, 1000 fed. The hinge grows from 600 to 1500.
    const hungry = taskOf(fraction(100, { cpuMilli: 10_000 }));
    expect(spp.score(view(node), hungry, [2])).toBe(-45);
    // No CPU counts as 100 milli.
    expect(spp.score(view(node), taskOf(fraction(100)), [2])).toBe(Math.floor((0.5 * 90) / 10));
  });

  test('the last idle device of a node is cheap, the first of an idle node dear', () => {
    const slots = createSpp(prices, none, { ...plain, cpuWeight: 0, slotWeight: 0.3 });
    const last = view(host('b', [1000, 0, 0, 0]));
    const first = view(host('c', [1000, 1000, 1000, 1000]));
    // 0.3 · 1000 · (idle² − (idle − 1)²) / 4 on top of the 1000 that a device is worth
    expect(slots.score(last, taskOf(whole(1)), [0])).toBe(Math.floor((-1000 - 75) / 10));
    expect(slots.score(first, taskOf(whole(1)), [0])).toBe(Math.floor((-1000 - 525) / 10));
    const small = view(host('d', [1000, 1000]));
    expect(slots.score({ ...small, shape: { ...small.shape, id: 0 } }, taskOf(whole(1)), [0])).toBe(
      -100,
    );
  });

  test('devices in demand and fragmentation are paid for', () => {
    const scarce = createSpp(prices, none, { ...plain, cpuWeight: 0, contentionWeight: 0.5 });
    expect(scarce.score(view(node), taskOf(whole(1)), [0])).toBe(-200);
    const fragments = (_: unknown, __: number, free: readonly number[]) => free[2]!;
    const broken = createSpp(prices, fragments, {
      ...plain,
      cpuWeight: 0,
      fragmentationWeight: 0.5,
    });
    expect(broken.score(view(node), taskOf(fraction(100)), [2])).toBe(5);
  });

  test('singles fill broken nodes, so that whole nodes stay whole', () => {
    const nodes = [host('a', Array(8).fill(1000)), host('b', [0, 0, 0, 0, 0, 0, 1000, 1000])];
    const index = indexOf(nodes, { typical: [typicalTask(1, 1000, 9), typicalTask(8, 1000, 1)] });
    for (const expected of ['b.6', 'b.7', 'a.0']) {
      const placement = place(index, whole(1))!;
      expect(placement.devices[0]?.deviceId).toBe(expected);
      occupy(index, placement);
    }
  });

  test('MIG instances are left aside when a node is worth something', () => {
    const mig = { profile: '1g.10gb', parentDeviceId: 'p' };
    const node = host('a', [], { devices: [gpu('a.0'), gpu('a.1', { mig })] });
    expect(view(node)).toMatchObject({
      free: [1000, 0],
      shape: { devices: 1, models: ['H100', null] },
    });
  });
});
