import { expect, test } from 'vitest';
import { deviceListSchema, deviceRecordSchema } from '../../../activities/devices/deviceRecords.ts';
import { toPoolDevice } from '../../../activities/devices/poolDevice.ts';

const old = {
  deviceId: 'GPU-0a1b',
  kind: 'cuda',
  label: 'cuda0',
  model: 'NVIDIA H100 80GB HBM3',
  taskQueue: 'device.GPU-0a1b',
  cores: '0-3',
  numaNode: 0,
  memoryBytes: 85_520_809_984,
};

test('a device of an earlier version’s list is lent whole and has no known links', () => {
  const [record] = deviceListSchema.parse({ hostId: 'h1', devices: [old] }).devices;
  if (record === undefined) throw new Error('expected a device');
  expect(toPoolDevice(record, 'h1')).toEqual({
    deviceId: 'GPU-0a1b',
    hostId: 'h1',
    taskQueue: 'device.GPU-0a1b',
    kind: 'cuda',
    label: 'cuda0',
    model: 'NVIDIA H100 80GB HBM3',
    memoryMib: 81559,
    maxShares: 1,
    mig: null,
    links: {},
    fabric: null,
  });
});

test('links, domain, instance and shares are handed on; lendable memory goes before all of it', () => {
  const more = {
    lendableBytes: 4096 * 1024 * 1024 + 5,
    maxShares: 48,
    mig: { profile: '1g.10gb', parentDeviceId: 'GPU-9' },
    links: { 'GPU-1': 'NV18', 'GPU-2': 'SYS' },
    fabric: { clusterUuid: 'c0ffee', cliqueId: 3 },
  };
  const { lendableBytes: _, ...handedOn } = more;
  const record = deviceRecordSchema.parse({ ...old, ...more });
  expect(toPoolDevice(record, 'h1')).toMatchObject({ ...handedOn, memoryMib: 4096 });
});

test('text that is no link is refused', () => {
  const parse = (link: string) =>
    deviceRecordSchema.safeParse({ ...old, links: { x: link } }).success;
  expect(
    ['NV1', 'NV18', 'PIX', 'PXB', 'PHB', 'NODE', 'SYS'].filter((link) => !parse(link)),
  ).toEqual([]);
  expect(['NV0', 'NV', 'nv2', 'X', ''].filter(parse)).toEqual([]);
});
