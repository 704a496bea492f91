import { describe, expect, test } from 'vitest';
import { lpPrices, maximalPatterns } from '../../../scripts/bench/placement/lpPrices.ts';
import { createShapeTable } from '../../../workflows/scheduling/placement/nodeShape.ts';
import { contention } from '../../../workflows/scheduling/placement/policies/contention.ts';
import {
  closedFormPrices,
  deviceValues,
} from '../../../workflows/scheduling/placement/policies/sharePrices.ts';
import { fillParameters } from '../../../workflows/scheduling/placement/policies/sppParameters.ts';
import { sppPrices } from '../../../workflows/scheduling/placement/policies/sppPrices.ts';
import { typicalWorkload } from '../../../workflows/scheduling/placement/policies/typicalWorkload.ts';
import { gpu, host, typicalTask } from '../../support/scheduling/placementNodes.ts';

describe('prices of shares', () => {
  test('small ones are free, middling ones cost their part, large ones the device less the rest', () => {
    const prices = closedFormPrices([160, 230, 320, 470, 550, 770, 810], 200);
    expect([...prices]).toEqual([
      [160, 0],
      [230, 1 / 4],
      [320, 1 / 3],
      [470, 1 / 2],
      // 450 milli beside it still take one of 320: worth a third.
      [550, 1 - 1 / 3],
      // 230 beside 770: a quarter; 190 beside 810: nothing.
      [770, 1 - 1 / 4],
      [810, 1],
    ]);
  });

  test('a device is worth its best filling, an idle one at least itself', () => {
    const values = deviceValues(new Map([[300, 0.25]]));
    expect([0, 299, 300, 599, 600, 999, 1000].map((room) => values[room])).toEqual([
      0, 0, 250, 250, 500, 750, 1000,
    ]);
    expect(deviceValues(new Map([[500, 0.6]]))[1000]).toBe(1200);
  });

  test('the linear program prices what competes for a device', async () => {
    expect(maximalPatterns([600, 400])).toEqual([
      [1, 1],
      [0, 2],
    ]);
    // 600s are the most frequent: they take all of a device's worth, less what 400s beside them get.
    const prices = await lpPrices([typicalTask(1, 600, 9), typicalTask(1, 400, 1)]);
    expect(prices['600']! + (prices['400'] ?? 0)).toBeCloseTo(1);
    expect(prices['600']).toBeCloseTo(1);
  });
});

describe('typical workload', () => {
  test('is the most frequent shapes up to 95 %, whatever their memory', () => {
    const tasks = [
      typicalTask(1, 500, 40, { memoryMib: 1 }),
      typicalTask(1, 500, 20, { memoryMib: 2 }),
      typicalTask(1, 1000, 35),
      typicalTask(8, 1000, 3),
      typicalTask(4, 1000, 2),
    ];
    expect(
      typicalWorkload(tasks).map(({ devices, milli, weight }) => [devices, milli, weight]),
    ).toEqual([
      [1, 500, 60 / 95],
      [1, 1000, 35 / 95],
    ]);
  });

  test('takes the larger of two that are equally frequent first', () => {
    const tasks = [typicalTask(1, 300, 50), typicalTask(1, 700, 50)];
    expect(typicalWorkload(tasks, 0.5).map(({ milli }) => milli)).toEqual([700]);
  });
});

describe('what a policy knows of its cluster', () => {
  const table = createShapeTable();
  const shapes = [
    table.of(host('a', [1000, 1000])),
    table.of(
      host('b', [], { devices: [gpu('b.0', { model: 'A100' }), gpu('b.1', { model: 'A100' })] }),
    ),
  ];

  test('devices that few nodes can offer are in demand', () => {
    // Half the demand takes any of the 8 devices, half only the 2 of the A100 node.
    const tasks = [typicalTask(1, 1000, 10), typicalTask(2, 1000, 5, { models: ['a100'] })];
    expect(contention(shapes, [3, 1], tasks)).toEqual([
      [0.5, 0.5],
      [0.5 + 0.5 * 4, 0.5 + 0.5 * 4],
    ]);
  });

  test('demand that no node can hold, even empty, counts for nothing', () => {
    const tasks = [typicalTask(1, 1000, 1), typicalTask(1, 1000, 1, { cpuMilli: 200_000 })];
    expect(contention(shapes, [1, 1], tasks)).toEqual([
      [0.5, 0.5],
      [0.5, 0.5],
    ]);
  });

  test('CPU per GPU milli leaves tasks without GPUs aside and counts no CPU as 100', () => {
    const tasks = [
      typicalTask(1, 500, 1, { cpuMilli: 3900 }),
      typicalTask(1, 1500 / 3, 1, { cpuMilli: 0, models: ['H100'] }),
      typicalTask(0, 0, 2, { cpuMilli: 90_000 }),
    ];
    const workload = typicalWorkload(tasks, 1);
    const { cpuPerGpu } = sppPrices(shapes, [1, 1], workload, tasks, fillParameters);
    expect(cpuPerGpu).toBeCloseTo(4000 / 1000);
  });
});
