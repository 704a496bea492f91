import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LinkType } from '../../../workflows/contracts/pool/devices.ts';
import { chooseDevices } from '../../../workflows/scheduling/topology/chooseGang.ts';
import type { LinkedDevice } from '../../../workflows/scheduling/topology/linkRank.ts';
import { linkedDevices } from '../../support/linkedDevices.ts';

const order = ['?', 'SYS', 'NODE', 'PHB', 'PXB', 'PIX', 'NV1', 'NV2', 'NV4', 'NV18'];
const score: Record<string, number> = {
  ...{ '?': 0, SYS: 10, NODE: 20, PHB: 30, PXB: 40, PIX: 50 },
  ...{ NV1: 100, NV2: 200, NV4: 400, NV18: 1800 },
};

/** Matrices that are mostly symmetric, of few kinds of links, so that ties and cliques occur. */
const hosts = (sizes: { min: number; max: number }) =>
  fc
    .record({
      size: fc.integer(sizes),
      kinds: fc.array(fc.constantFrom(...order), { minLength: 1, maxLength: 4 }),
      picks: fc.array(fc.nat(), { minLength: 40, maxLength: 40 }),
      lopsided: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.constantFrom(...order)), { maxLength: 2 }),
    })
    .map(({ size, kinds, picks, lopsided }) => {
      const at = (i: number, j: number) =>
        kinds[
          (picks[(Math.min(i, j) * 7 + Math.max(i, j)) % 40] as number) % kinds.length
        ] as string;
      const cells = Array.from({ length: size }, (_, i) =>
        Array.from({ length: size }, (_, j) => (i === j ? 'X' : at(i, j))),
      );
      for (const [i, j, kind] of lopsided) {
        if (i % size !== j % size) (cells[i % size] as string[])[j % size] = kind;
      }
      return linkedDevices(cells.map((row) => row.join(' ')));
    });

function linkOf(a: LinkedDevice, b: LinkedDevice): string {
  const sides = [a.links[b.deviceId] ?? '?', b.links[a.deviceId] ?? '?'];
  return order[Math.min(...sides.map((side) => order.indexOf(side)))] as string;
}

function subsets<T>(items: T[], size: number): T[][] {
  if (size === 0) return [[]];
  return items.flatMap((item, i) =>
    subsets(items.slice(i + 1), size - 1).map((rest) => [item, ...rest]),
  );
}

const pairs = (devices: LinkedDevice[]) => subsets(devices, 2).map(([a, b]) => linkOf(a!, b!));
const worst = (devices: LinkedDevice[]) =>
  Math.min(order.length, ...pairs(devices).map((link) => order.indexOf(link)));

function largestClique(devices: LinkedDevice[], level: number): number {
  for (let size = devices.length; size > 1; size--) {
    if (subsets(devices, size).some((some) => worst(some) >= level)) return size;
  }
  return Math.min(1, devices.length);
}

/** The merits of a gang by definition, to be compared from the first on, the greater the better. */
function merits(gang: LinkedDevice[], all: LinkedDevice[]): number[] {
  const left = all.filter((device) => !gang.includes(device));
  const sum = (links: string[]) => links.reduce((total, link) => total + score[link]!, 0);
  return [
    gang.length > 1 ? worst(gang) : 0,
    ...order.map((_, i) => largestClique(left, order.length - 1 - i)),
    sum(pairs(gang)),
    -sum(gang.flatMap((device) => left.map((other) => linkOf(device, other)))),
  ];
}

function bruteForce(all: LinkedDevice[], count: number): LinkedDevice[] {
  const gangs = subsets(all, count).map((gang) => ({ gang, merits: merits(gang, all) }));
  const best = gangs.reduce((a, b) => {
    const differ = a.merits.findIndex((merit, i) => merit !== b.merits[i]);
    return differ >= 0 && b.merits[differ]! > a.merits[differ]! ? b : a;
  });
  return best.gang;
}

const ids = (devices: LinkedDevice[]) => devices.map(({ deviceId }) => deviceId);

test('the choice is the best of all, by definition', () => {
  fc.assert(
    fc.property(hosts({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 }), (devices, count) => {
      fc.pre(count <= devices.length);
      const best = bruteForce(devices, count);
      const link = order[worst(best)];
      expect(chooseDevices(devices, count, null)).toEqual({
        deviceIds: ids(best),
        worstLink: count === 1 || link === '?' ? null : link,
      });
    }),
    { numRuns: 300 },
  );
});

test('a minimum refuses exactly the gangs that do not have it', () => {
  fc.assert(
    fc.property(
      hosts({ min: 2, max: 8 }),
      fc.integer({ min: 2, max: 8 }),
      fc.constantFrom(...order.slice(1)),
      (devices, count, minimum) => {
        fc.pre(count <= devices.length);
        const free = chooseDevices(devices, count, null);
        const able = order.indexOf(free?.worstLink ?? '?') >= order.indexOf(minimum);
        const chosen = chooseDevices(devices, count, minimum as LinkType);
        expect(chosen).toEqual(able ? free : undefined);
      },
    ),
  );
});

test('the order of the candidates does not matter, nor what was asked before', () => {
  const withOrders = hosts({ min: 2, max: 20 }).chain((devices) =>
    fc.tuple(fc.constant(devices), fc.shuffledSubarray(devices, { minLength: devices.length })),
  );
  fc.assert(
    fc.property(withOrders, fc.integer({ min: 1, max: 6 }), ([devices, shuffled], count) => {
      // Copies: answers are remembered by the identity of `links`.
      const copy = shuffled.map((device) => ({ ...device, links: { ...device.links } }));
      expect(chooseDevices(copy, count, null)).toEqual(chooseDevices(devices, count, null));
    }),
  );
});

test('of many unlike devices a gang comes out that has the link it says, and a planted clique is found', () => {
  fc.assert(
    fc.property(hosts({ min: 20, max: 40 }), fc.integer({ min: 2, max: 8 }), (devices, count) => {
      const chosen = chooseDevices(devices, count, null);
      const gang = devices.filter(({ deviceId }) => chosen?.deviceIds.includes(deviceId));
      expect(gang).toHaveLength(count);
      const link = order[worst(gang)];
      expect(chosen?.worstLink).toBe(link === '?' ? null : link);

      const planted = devices.slice(-count);
      for (const a of planted) for (const b of planted) if (a !== b) a.links[b.deviceId] = 'NV36';
      const anew = devices.map((device) => ({ ...device, links: { ...device.links } }));
      expect(chooseDevices(anew, count, 'NV36')?.deviceIds).toEqual(ids(planted).sort());
    }),
    { numRuns: 30 },
  );
});
