import { expect, test } from 'vitest';
import { atRandom, byIndex, byLinks } from '../../../scripts/bench/gang/choosers.ts';
import { type Chooser, churn } from '../../../scripts/bench/gang/churn.ts';
import { gangFigures } from '../../../scripts/bench/gang/gangFigures.ts';
import { topologies } from '../../../scripts/bench/gang/topologies.ts';
import { bench } from '../../../scripts/bench/gang.ts';
import { linkBandwidth } from '../../../workflows/scheduling/topology/linkBandwidth.ts';
import { linkedDevices } from '../../support/linkedDevices.ts';

const options = { seed: 1, sizes: [1, 2, 4, 8], arrivals: 200, load: 0.9 };
const islandsOf = (name: string) => topologies.find((topology) => topology.name === name)!.islands;

test('links have their data sheets’ bandwidth', () => {
  const h100 = { nvlink: 4, pcie: 5, network: 50 } as const;
  // 18 links of 50 GB/s in both directions: 900.
  expect(2 * linkBandwidth('NV18', h100)).toBe(900);
  expect(2 * linkBandwidth('NV6', { ...h100, nvlink: 2 })).toBe(300);
  expect(2 * linkBandwidth('NV18', { ...h100, nvlink: 5 })).toBe(1800);
  expect(linkBandwidth('SYS', h100)).toBe(63);
  expect(linkBandwidth(null, h100)).toBe(50);
});

test('every chooser gets the same sizes in the same order, from what is free', () => {
  const islands = islandsOf('DGX-1');
  const all = islands.flat().length;
  const watched =
    (choose: Chooser): Chooser =>
    (free, count) => {
      const gang = choose(free, count);
      expect(new Set(gang).size).toBe(count);
      expect(gang.every((device) => free.includes(device))).toBe(true);
      return gang;
    };
  const sizes = [byLinks, byIndex, atRandom(1)].map((choose) =>
    churn(islands, watched(choose), options).map(({ length }) => length),
  );
  expect(sizes[0]!.length).toBeGreaterThan(100);
  expect(sizes[1]).toEqual(sizes[0]);
  expect(sizes[2]).toEqual(sizes[0]);
  expect(islands.flat()).toHaveLength(all);
});

test('no device is in two gangs at a time', () => {
  // With the load far above what there is, all wait: each gang starts when another one ends.
  const islands = [linkedDevices(['X SYS SYS', 'SYS X SYS', 'SYS SYS X'])];
  const gangs = churn(islands, byIndex, { ...options, sizes: [2], load: 50 });
  expect(gangs).toHaveLength(200);
  expect(gangs.every((gang) => gang[0]!.deviceId === 'd0' && gang[1]!.deviceId === 'd1')).toBe(
    true,
  );
});

test('figures are of the worst link of each gang', () => {
  const devices = linkedDevices(['X NV4 SYS', 'NV4 X SYS', 'SYS SYS X']);
  const pair = devices.slice(0, 2);
  const made = { nvlink: 3, pcie: 4, network: 25 } as const;
  const figures = gangFigures([pair, pair, pair, devices], made);
  expect(figures).toEqual({ mean: (3 * 100 + 31.5) / 4, p10: 31.5, nvlink: 0.75 });
});

test('ours has better links than placement by count where there is a choice, and says so', async () => {
  const { rows } = await bench.run({ seeds: 2, arrivals: 300, load: 0.85 }, () => {});
  expect(rows).toHaveLength(topologies.length * 2 * 3 * 2);
  const ratios = (measure: string) =>
    rows.filter((row) => row.measure === measure).map(({ ratio }) => ratio!);
  for (const name of ['DGX-1', 'PCIe pairs', '2 × NVL72']) {
    for (const ratio of ratios(`${name}, sizes 1 2 4 8: worst link, mean`)) {
      expect(ratio).toBeGreaterThan(1.05);
    }
  }
  expect(ratios('NVL72, sizes 2 4 8: worst link, mean')).toEqual([1, 1]);
});
