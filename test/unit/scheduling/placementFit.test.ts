import { describe, expect, test } from 'vitest';
import type { Resources } from '../../../workflows/contracts/pool/requests.ts';
import { occupy, type PlaceOptions, place } from '../../../workflows/scheduling/placement/place.ts';
import type {
  PlacementDevice,
  PlacementNode,
} from '../../../workflows/scheduling/placement/placementIndex.ts';
import {
  fraction,
  gpu,
  gpuMemoryMib,
  host,
  indexOf,
  linkAll,
  whole,
} from '../../support/scheduling/placementNodes.ts';

const withDevices = (...devices: PlacementDevice[]): PlacementNode => host('a', [], { devices });

function placed(nodes: PlacementNode[], resources: Resources, options?: PlaceOptions) {
  return place(indexOf(nodes), resources, options)?.devices.map(({ deviceId }) => deviceId);
}

describe('what fits', () => {
  test('a fraction needs compute, memory, a free share and its own trust domain', () => {
    const shared = gpu('x', { freeMilli: 500, freeMemoryMib: 1000, shares: 2, domain: 'nlp' });
    const asked = fraction(500, { memoryMib: 1000 });
    const there = (change: Partial<PlacementDevice>, domain = 'nlp') =>
      placed([withDevices({ ...shared, ...change })], asked, { domain });
    expect(there({})).toEqual(['x']);
    expect(there({ freeMilli: 499 })).toBeUndefined();
    expect(there({ freeMemoryMib: 999 })).toBeUndefined();
    expect(there({ maxShares: 2 })).toBeUndefined();
    expect(there({}, 'vision')).toBeUndefined();
    expect(there({ available: false })).toBeUndefined();
  });

  test('a device that can only be lent whole takes no fraction', () => {
    expect(placed([withDevices(gpu('x', { maxShares: 1 }))], fraction(100))).toBeUndefined();
    expect(placed([withDevices(gpu('x', { maxShares: 1 }))], whole(1))).toEqual(['x']);
  });

  test('a whole device is nobody’s, and has at least the memory asked for', () => {
    const there = (change: Partial<PlacementDevice>, memoryMib = 0) =>
      placed([withDevices(gpu('x', change))], whole(1, { memoryMib }));
    expect(there({}, gpuMemoryMib)).toEqual(['x']);
    expect(there({}, gpuMemoryMib + 1)).toBeUndefined();
    expect(there({ freeMilli: 999, shares: 1 })).toBeUndefined();
  });

  test('a whole device goes with all its memory, a fraction with what it asked for', () => {
    const index = indexOf([host('a', [1000])]);
    expect(place(index, whole(1))?.devices).toEqual([
      { deviceId: 'a.0', milli: 1000, memoryMib: gpuMemoryMib },
    ]);
    expect(place(index, fraction(250, { memoryMib: 7 }))?.devices).toEqual([
      { deviceId: 'a.0', milli: 250, memoryMib: 7 },
    ]);
  });

  test('MIG instances only for who asks for the profile, and never in a gang', () => {
    const mig = { profile: '1g.10gb', parentDeviceId: 'p' };
    const nodes = [withDevices(gpu('m', { mig }), gpu('n', { mig }))];
    expect(placed(nodes, whole(1))).toBeUndefined();
    expect(placed(nodes, whole(1, { migProfile: '2g.20gb' }))).toBeUndefined();
    expect(placed(nodes, whole(1, { migProfile: '1g.10gb' }))).toEqual(['m']);
    expect(placed(nodes, whole(2, { migProfile: '1g.10gb' }))).toBeUndefined();
  });

  test('constraints: model by a part of its name, kind, host, device', () => {
    const nodes = [
      host('a', [], { devices: [gpu('x', { model: 'NVIDIA A100-SXM4' })] }),
      host('b', [], { devices: [gpu('y', { model: 'NVIDIA H100' }), gpu('z', { kind: 'npu' })] }),
    ];
    expect(placed(nodes, whole(1, { models: ['h100 '.trim(), 'b200'], kind: 'cuda' }))).toEqual([
      'y',
    ]);
    expect(placed(nodes, whole(1, { models: ['b200'] }))).toBeUndefined();
    expect(placed(nodes, whole(1, { kind: 'npu' }))).toEqual(['z']);
    expect(placed(nodes, whole(1, { hosts: ['a'] }))).toEqual(['x']);
    expect(placed(nodes, whole(1, { hosts: ['c'] }))).toBeUndefined();
    expect(placed(nodes, whole(1, { deviceIds: ['z'] }))).toEqual(['z']);
    expect(placed(nodes, whole(2, { deviceIds: ['x', 'y'] }))).toBeUndefined();
  });

  test('the host’s CPU and memory bound what goes there', () => {
    const small = host('a', [1000], { cpuFreeMilli: 4000, memoryFreeMib: 100 });
    expect(placed([small], whole(1, { cpuMilli: 4000, hostMemoryMib: 100 }))).toEqual(['a.0']);
    expect(placed([small], whole(1, { cpuMilli: 4001 }))).toBeUndefined();
    expect(placed([small], whole(1, { hostMemoryMib: 101 }))).toBeUndefined();
  });

  test('excluded devices are not touched, whatever was remembered before', () => {
    const index = indexOf([host('a', [1000, 1000])]);
    const exclude = (deviceId: string) => deviceId === 'a.0';
    expect(place(index, whole(1))?.devices[0]?.deviceId).toBe('a.0');
    expect(place(index, whole(1), { exclude })?.devices[0]?.deviceId).toBe('a.1');
    expect(place(index, whole(2), { exclude })).toBeUndefined();
    expect(place(index, whole(1))?.devices[0]?.deviceId).toBe('a.0');
  });
});

describe('gangs', () => {
  const mixed = withDevices(
    ...linkAll([gpu('a0'), gpu('a1')], 'NV4'),
    ...linkAll([gpu('b0'), gpu('b1'), gpu('b2')], 'NV4'),
  );

  test('are on one host', () => {
    expect(placed([host('a', [1000]), host('b', [1000])], whole(2))).toBeUndefined();
  });

  test('the host with the best worst link goes first, whatever the score', () => {
    const pcie = host('a', [], { devices: linkAll([gpu('p0'), gpu('p1')], 'PHB') });
    const nvlink = host('b', [], { devices: linkAll([gpu('n0'), gpu('n1'), gpu('n2')], 'NV2') });
    expect(place(indexOf([pcie, nvlink]), whole(2))).toMatchObject({
      devices: [{ deviceId: 'n0' }, { deviceId: 'n1' }],
      worstLink: 'NV2',
    });
  });

  test('a link that is asked for is had or nothing is', () => {
    expect(placed([mixed], whole(3, { link: 'NV1' }))).toEqual(['b0', 'b1', 'b2']);
    expect(placed([mixed], whole(4, { link: 'NV1' }))).toBeUndefined();
    expect(placed([host('a', [1000, 1000])], whole(2, { link: 'SYS' }))).toBeUndefined();
    expect(placed([host('a', [1000, 1000])], whole(1, { link: 'NV1' }))).toEqual(['a.0']);
  });

  test('a single device leaves the largest clique whole', () => {
    expect(placed([mixed], whole(1))).toEqual(['a0']);
  });
});

describe('gangs over hosts', () => {
  const fabric = { clusterUuid: 'rack', cliqueId: 1 };
  const node = (name: string, devices: number, change: Partial<PlacementNode> = {}) =>
    host(name, [], {
      devices: Array.from({ length: devices }, (_, at) => gpu(`${name}.${at}`, { fabric })),
      ...change,
    });
  const wide = (devices: number, change: Partial<Resources> = {}) =>
    whole(devices, { spanHosts: true, ...change });

  test('only where they may, and over the fewest hosts', () => {
    const nodes = [node('a', 2), node('b', 4), node('c', 1)];
    expect(placed(nodes, whole(5))).toBeUndefined();
    const found = place(indexOf(nodes), wide(5, { cpuMilli: 1001, hostMemoryMib: 10 }))!;
    expect(found.devices).toHaveLength(5);
    expect(found.hosts).toEqual([
      { hostId: 'b', cpuMilli: 801, memoryMib: 8 },
      { hostId: 'c', cpuMilli: 201, memoryMib: 2 },
    ]);
    expect(found.worstLink).toMatch(/^NV/);
  });

  test('never over two domains, nor onto a host without the CPU for it', () => {
    const other = node('b', 2);
    for (const device of other.devices) device.fabric = { clusterUuid: 'rack', cliqueId: 2 };
    expect(placed([node('a', 2), other], wide(3))).toBeUndefined();
    const busy = node('b', 2, { cpuFreeMilli: 1000 });
    expect(placed([node('a', 2), busy], wide(4, { cpuMilli: 4000 }))).toBeUndefined();
    expect(placed([node('a', 2), busy], wide(3, { cpuMilli: 3000 }))).toHaveLength(3);
  });

  test('one host is preferred where its links are as good', () => {
    const linked = host('z', [], { devices: linkAll([gpu('z0'), gpu('z1')], 'NV18') });
    const pcie = host('y', [], { devices: linkAll([gpu('y0'), gpu('y1')], 'PIX') });
    const spread = [node('a', 1), node('b', 1)];
    expect(placed([linked, ...spread], wide(2))).toEqual(['z0', 'z1']);
    expect(placed([pcie, ...spread], wide(2))).toEqual(['a.0', 'b.0']);
  });

  test('take from every host what was said', () => {
    const index = indexOf([node('a', 1), node('b', 1)]);
    occupy(index, place(index, wide(2, { cpuMilli: 2000 }))!);
    expect(index.nodes.map(({ cpuFreeMilli }) => cpuFreeMilli)).toEqual([99_000, 99_000]);
    expect(place(index, fraction(1))).toBeUndefined();
  });
});
