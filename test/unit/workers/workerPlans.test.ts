import getPort from 'get-port';
import { expect, test } from 'vitest';
import { planWorkers } from '../../../workers/supervisor/workerPlans.ts';

const gpu = {
  record: {
    deviceId: 'GPU-1',
    kind: 'cuda',
    label: 'cuda0',
    model: 'm',
    taskQueue: 'device.GPU-1',
    cores: '0-3',
    numaNode: 0,
    memoryBytes: 0,
  },
  binding: { prefix: ['taskset', '-c', '0-3'], env: { CUDA_VISIBLE_DEVICES: 'GPU-1' } },
};

test('a host has a workflow worker, a host worker, a query worker and one worker a device', async () => {
  const plans = await planWorkers('h', [gpu], undefined);
  expect(plans).toMatchObject([
    { name: 'workflow', queue: 'berth', metrics: null },
    { name: 'host', queue: 'host.h', metrics: null },
    { name: 'query', queue: 'query.h', metrics: null },
    { name: 'device-cuda0', queue: 'device.GPU-1', args: ['GPU-1'], device: gpu, metrics: null },
  ]);
});

test('each process has a metrics port of its own, from the base upwards', async () => {
  const base = await getPort();
  const plans = await planWorkers('h', [gpu], `127.0.0.1:${base}`);
  const ports = plans.map(({ metrics }) => Number(metrics?.split(':')[1]));
  expect(new Set(ports).size).toBe(4);
  expect(Math.min(...ports)).toBeGreaterThanOrEqual(base);
});
