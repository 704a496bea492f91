import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { packageRoot } from '../../../activities/platform/packageRoot.ts';
import { findPython } from '../../../activities/platform/python.ts';

const bridge = join(packageRoot(), 'native', 'bridge');
const fakeNvml = join(packageRoot(), 'test', 'support', 'fakeNvml');

async function discover(...pythonPath: string[]) {
  const env = { PYTHONPATH: pythonPath.join(delimiter) };
  const { stdout } = await execa(findPython(), ['-m', 'berth_bridge.discover'], { env });
  return JSON.parse(stdout);
}

test('lists whole GPUs and MIG instances, with the driver’s gaps as null', async () => {
  const { devices } = await discover(fakeNvml, bridge);
  expect(
    devices.map(({ uuid, parentUuid, index }: Record<string, unknown>) => [
      uuid,
      parentUuid,
      index,
    ]),
  ).toEqual([
    ['GPU-0000', null, 0],
    ['GPU-1111', null, 1],
    ['MIG-aaaa', 'GPU-2222', 2],
    ['MIG-bbbb', 'GPU-2222', 2],
    ['GPU-3333', null, 3],
  ]);
  expect(devices[0]).toEqual({
    index: 0,
    uuid: 'GPU-0000',
    parentUuid: null,
    name: 'NVIDIA H100 80GB HBM3',
    pciBusId: '00000000:3B:00.0',
    numaNode: 0,
    memoryBytes: 80_000,
    memoryUsedBytes: 1_000,
    utilization: 0.25,
  });
  expect(devices[2]).toMatchObject({
    pciBusId: '00000000:AF:00.0',
    memoryBytes: 10_000,
    utilization: null,
  });
  expect(devices[4]).toMatchObject({ numaNode: null });
});

test('tells which GPUs NVLink joins, directly and through a switch', async () => {
  const { links } = await discover(fakeNvml, bridge);
  expect(links).toEqual([
    { a: 0, b: 1, kind: 'nvlink', count: 2 },
    { a: 0, b: 3, kind: 'nvswitch', count: null },
    { a: 1, b: 3, kind: 'nvswitch', count: null },
  ]);
});

test('finds none, without an error, where the real NVML has no driver', async () => {
  const { devices } = await discover(bridge);
  // A machine with a GPU would list it.
  for (const { uuid } of devices) expect(uuid).toMatch(/^(GPU|MIG)-/);
});
