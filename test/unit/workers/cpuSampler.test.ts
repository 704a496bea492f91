import { expect, test } from 'vitest';
import { createCpuSampler } from '../../../workers/devices/cpuSampler.ts';

const device = {
  deviceId: 'h.cpu0',
  kind: 'cpu',
  label: 'cpu0',
  model: 'CPU',
  taskQueue: 'device.h.cpu0',
  cores: '0',
  numaNode: 0,
  memoryBytes: 0,
};

test('utilization is the busy share of its own cores since the sample before', async () => {
  const stats = [
    'cpu  9 9 9 9 9 9 9 9\ncpu0 10 0 10 80 0 0 0 0 5 0\ncpu1 100 0 0 0 0 0 0 0 0 0\n',
    'cpu  9 9 9 9 9 9 9 9\ncpu0 70 0 10 100 20 0 0 0 5 0\ncpu1 100 0 0 900 0 0 0 0 0 0\n',
  ];
  const meminfo = 'MemTotal:  1000 kB\nMemAvailable:   400 kB\n';
  const sample = createCpuSampler(async (path) =>
    path === '/proc/stat' ? (stats.shift() ?? '') : meminfo,
  );
  expect(await sample(device)).toEqual({ utilization: 0.2, memoryUsedBytes: 600 * 1024 });
  expect((await sample(device)).utilization).toBe(0.6);
});

test('this machine can be sampled', async () => {
  const { utilization, memoryUsedBytes } = await createCpuSampler()(device);
  expect(utilization).toBeGreaterThan(0);
  expect(utilization).toBeLessThanOrEqual(1);
  expect(memoryUsedBytes).toBeGreaterThan(0);
});
