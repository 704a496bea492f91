import { describe, expect, test } from 'vitest';
import type { Resources } from '../../../workflows/contracts/pool/requests.ts';
import { occupy, place } from '../../../workflows/scheduling/placement/place.ts';
import type { PlacementIndex } from '../../../workflows/scheduling/placement/placementIndex.ts';
import { type MovableLease, planMoves } from '../../../workflows/scheduling/placement/planMoves.ts';
import { fraction, host, indexOf, whole } from '../../support/scheduling/placementNodes.ts';

/** Puts a lease on that device. */
function lend(
  index: PlacementIndex,
  leaseId: string,
  deviceId: string,
  resources: Resources,
  domain = '',
): MovableLease {
  const placement = place(index, { ...resources, deviceIds: [deviceId] }, { domain })!;
  occupy(index, placement, domain);
  return { leaseId, resources, placement, domain };
}

const free = (index: PlacementIndex) =>
  index.nodes.map(({ cpuFreeMilli, devices }) => ({
    cpuFreeMilli,
    devices: structuredClone(devices),
  }));

describe('planMoves', () => {
  test('gathers what is scattered: the fewest moves', () => {
    const index = indexOf([host('a', [1000, 1000]), host('b', [1000, 1000]), host('c', [1000])]);
    const leases = [
      lend(index, 'one', 'a.0', whole(1)),
      lend(index, 'two', 'b.0', fraction(300)),
      lend(index, 'three', 'b.1', fraction(300)),
    ];
    const before = free(index);
    const plan = planMoves(index, whole(2), leases, 4)!;
    expect(plan.moves.map(({ leaseId }) => leaseId)).toEqual(['one']);
    expect(plan.placement.devices.map(({ deviceId }) => deviceId)).toEqual(['a.0', 'a.1']);
    expect(plan.moves[0]?.from).toEqual(leases[0]?.placement);
    expect(plan.moves[0]?.to.devices[0]?.deviceId).toBe('c.0');
    expect(free(index)).toEqual(before);
  });

  test('never more than so many, and never what may not move', () => {
    const build = () => {
      const index = indexOf([host('a', [1000, 1000]), host('b', [1000, 1000])]);
      const leases = ['a.0', 'a.1', 'b.0'].map((id) => lend(index, id, id, fraction(300)));
      return { index, leases };
    };
    const { index, leases } = build();
    expect(planMoves(index, whole(2), leases, 0)).toBeUndefined();
    expect(planMoves(index, whole(2), leases, 1)?.moves).toMatchObject([{ leaseId: 'b.0' }]);
    expect(planMoves(index, whole(2), leases.slice(0, 2), 1)).toBeUndefined();
    expect(planMoves(index, whole(2), leases.slice(0, 2), 2)?.moves).toHaveLength(2);
  });

  test('who moves needs a place: its constraints and its trust domain hold there, too', () => {
    const index = indexOf([host('a', [1000]), host('b', [1000])]);
    const lease = lend(index, 'one', 'a.0', fraction(300), 'nlp');
    lend(index, 'other', 'b.0', fraction(300), 'vision');
    expect(planMoves(index, whole(1), [lease], 4)).toBeUndefined();
    const pinned = indexOf([host('a', [1000]), host('b', [1000])]);
    const stays = lend(pinned, 'one', 'a.0', fraction(300, { hosts: ['a'] }));
    lend(pinned, 'two', 'b.0', fraction(300));
    expect(planMoves(pinned, whole(1), [stays], 4)).toBeUndefined();
  });

  test('makes room for a fraction by the smallest lease that does', () => {
    const index = indexOf([host('a', [1000]), host('b', [1000])]);
    const leases = [
      lend(index, 'small', 'a.0', fraction(100)),
      lend(index, 'large', 'a.0', fraction(500)),
      lend(index, 'middle', 'a.0', fraction(300)),
      lend(index, 'else', 'b.0', fraction(600)),
    ];
    const plan = planMoves(index, fraction(350, { hosts: ['a'] }), leases, 2)!;
    expect(plan.moves).toMatchObject([
      { leaseId: 'middle', to: { devices: [{ deviceId: 'b.0', milli: 300 }] } },
    ]);
    expect(plan.placement.devices).toMatchObject([{ deviceId: 'a.0', milli: 350 }]);
  });

  test('makes room in a host’s CPU', () => {
    const small = { cpuCapMilli: 8000, cpuFreeMilli: 8000 };
    const index = indexOf([host('a', [1000, 1000], small), host('b', [1000], small)]);
    const hog = lend(index, 'hog', 'a.0', fraction(100, { cpuMilli: 6000 }));
    lend(index, 'rest', 'b.0', fraction(500, { cpuMilli: 1000 }));
    const plan = planMoves(index, whole(1, { cpuMilli: 4000 }), [hog], 4);
    expect(plan?.moves).toMatchObject([{ leaseId: 'hog', to: { hosts: [{ hostId: 'b' }] } }]);
    expect(plan?.placement.hosts).toMatchObject([{ hostId: 'a' }]);
  });

  test('leaves excluded devices alone', () => {
    const index = indexOf([host('a', [1000]), host('b', [1000])]);
    const leases = [
      lend(index, 'one', 'a.0', fraction(300)),
      lend(index, 'two', 'b.0', fraction(300)),
    ];
    const exclude = (deviceId: string) => deviceId === 'a.0';
    expect(planMoves(index, whole(1), leases, 4, { exclude })).toBeUndefined();
    expect(planMoves(index, whole(1), leases, 4)).toBeDefined();
  });
});
