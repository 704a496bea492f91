import { describe, expect, test } from 'vitest';
import type { DeviceRecord } from '../../../../activities/devices/deviceRecords.ts';
import type { PreparedShare } from '../../../../workers/devices/deviceSharing.ts';
import { combineShares } from '../../../../workers/devices/sharing/combineShares.ts';
import { orderByLinks } from '../../../../workers/devices/sharing/orderByLinks.ts';
import type { LinkType } from '../../../../workflows/contracts/pool/devices.ts';

/** GPUs A, B, … with the links that are named; the rest is SYS. */
function gpus(count: number, links: Record<string, LinkType>): DeviceRecord[] {
  const names = Array.from({ length: count }, (_, index) => String.fromCharCode(65 + index));
  const linkOf = (a: string, b: string) => links[`${a}${b}`] ?? links[`${b}${a}`] ?? 'SYS';
  return names.map((deviceId) => ({
    deviceId,
    kind: 'cuda',
    label: deviceId,
    model: 'GPU',
    taskQueue: `device.${deviceId}`,
    cores: null,
    numaNode: null,
    memoryBytes: 0,
    links: Object.fromEntries(
      names.filter((name) => name !== deviceId).map((name) => [name, linkOf(deviceId, name)]),
    ),
  }));
}

const share = (changes: Partial<PreparedShare>): PreparedShare => ({
  env: {},
  cores: null,
  dataLimitBytes: null,
  cgroup: null,
  ...changes,
});
const names = (devices: DeviceRecord[]) => devices.map(({ deviceId }) => deviceId).join('');

describe('devices of a gang', () => {
  test('stand beside those that they have the best links to', () => {
    expect(names(orderByLinks(gpus(4, { AC: 'NV4', BD: 'NV4', AB: 'PIX' })))).toBe('ACBD');
    expect(names(orderByLinks(gpus(4, { BC: 'NV8', CA: 'NV2' })))).toBe('BCAD');
    expect(names(orderByLinks(gpus(3, {})))).toBe('ABC');
    expect(names(orderByLinks(gpus(1, {})))).toBe('A');
  });

  test('are all seen by the command, in that order', () => {
    const parts = gpus(4, { AC: 'NV4', BD: 'NV4' }).map((device) => ({
      device,
      share: share({
        env: { CUDA_VISIBLE_DEVICES: device.deviceId, CUDA_DEVICE_ORDER: 'PCI_BUS_ID' },
      }),
    }));
    expect(combineShares(parts)).toEqual(
      share({ env: { CUDA_VISIBLE_DEVICES: 'A,C,B,D', CUDA_DEVICE_ORDER: 'PCI_BUS_ID' } }),
    );
  });

  test('add up their cores and limits; one without a bound leaves none', () => {
    const [a, b] = gpus(2, {});
    const one = share({
      env: { CUDA_VISIBLE_DEVICES: '', OMP_NUM_THREADS: '2' },
      cores: '0-1',
      dataLimitBytes: 10,
    });
    const two = share({
      env: { CUDA_VISIBLE_DEVICES: '', OMP_NUM_THREADS: '1' },
      cores: '2',
      dataLimitBytes: 5,
    });
    const parts = [
      { device: a!, share: one },
      { device: b!, share: two },
    ];
    expect(combineShares(parts)).toEqual({
      env: { CUDA_VISIBLE_DEVICES: '', OMP_NUM_THREADS: '3' },
      cores: '0-2',
      dataLimitBytes: 15,
      cgroup: null,
    });
    const unbound = [parts[0]!, { device: b!, share: share({}) }];
    expect(combineShares(unbound)).toMatchObject({ cores: null, dataLimitBytes: null });
  });

  test('of one device are what that device prepared', () => {
    const [a] = gpus(1, {});
    const only = share({ cgroup: '/c', cores: '1', env: { X: 'y' }, dataLimitBytes: 3 });
    expect(combineShares([{ device: a!, share: only }])).toEqual(only);
  });
});
