import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deviceRecordSchema } from '../../../activities/devices/deviceRecords.ts';
import { toPoolDevice } from '../../../activities/devices/poolDevice.ts';
import { packageRoot } from '../../../activities/platform/packageRoot.ts';
import { allowedCores } from '../../../workers/devices/cpuTopology.ts';
import { createCudaProvider, type Gpu } from '../../../workers/devices/cudaProvider.ts';

/** What NVML would list on a host with a whole GPU and a MIG instance; we have neither. */
const fakeNvml: Gpu[] = [
  {
    index: 0,
    uuid: 'GPU-0a1b',
    parentUuid: null,
    migProfile: null,
    name: 'NVIDIA H100 80GB HBM3',
    pciBusId: '00000000:3B:00.0',
    memoryBytes: 85_000_000_000,
    memoryUsedBytes: 1_000,
    utilization: 0.25,
    computeCapability: [9, 0],
    links: { 'GPU-77': 'NV18' },
    fabric: { clusterUuid: 'c0ffee', cliqueId: 2 },
  },
  {
    index: 1,
    uuid: 'MIG-2c3d',
    parentUuid: 'GPU-4e5f',
    migProfile: '1g.10gb',
    name: 'NVIDIA H100 80GB HBM3 MIG 1g.10gb',
    pciBusId: '00000000:AF:00.0',
    memoryBytes: 10_000_000_000,
    memoryUsedBytes: 2_000,
    utilization: null,
    computeCapability: [9, 0],
    links: {},
    fabric: null,
  },
];

const core = String(allowedCores()[0]);
let pci: string;
beforeEach(async () => {
  pci = await mkdtemp(join(tmpdir(), 'berth-pci-'));
  const slot = join(pci, '0000:3b:00.0');
  await mkdir(slot);
  await writeFile(join(slot, 'local_cpulist'), `${core},4000-4095\n`);
  await writeFile(join(slot, 'numa_node'), '1\n');
});
afterEach(() => rm(pci, { recursive: true }));

const provider = (env: NodeJS.ProcessEnv = {}, listGpus = async () => fakeNvml) =>
  createCudaProvider({ logger: pino({ level: 'silent' }), env, listGpus, pci });

test('GPUs and MIG instances are devices, named by UUID, with the cores beside their slot', async () => {
  expect(await provider().discover()).toEqual([
    {
      deviceId: 'GPU-0a1b',
      kind: 'cuda',
      label: 'cuda0',
      model: 'NVIDIA H100 80GB HBM3',
      taskQueue: 'device.GPU-0a1b',
      cores: core,
      numaNode: 1,
      memoryBytes: 85_000_000_000,
      maxShares: 48,
      mig: null,
      links: { 'GPU-77': 'NV18' },
      fabric: { clusterUuid: 'c0ffee', cliqueId: 2 },
    },
    {
      deviceId: 'MIG-2c3d',
      kind: 'cuda',
      label: 'cuda1',
      model: 'NVIDIA H100 80GB HBM3 MIG 1g.10gb',
      taskQueue: 'device.MIG-2c3d',
      cores: null,
      numaNode: null,
      memoryBytes: 10_000_000_000,
      maxShares: 1,
      mig: { profile: '1g.10gb', parentDeviceId: 'GPU-4e5f' },
      links: {},
      fabric: null,
    },
  ]);
});

test('a worker sees its own device only, and runs on the cores beside it', async () => {
  const [gpu, mig] = await provider().discover();
  if (gpu === undefined || mig === undefined) throw new Error('expected two devices');
  expect(provider().bind(gpu)).toEqual({
    prefix: ['taskset', '-c', core],
    env: { CUDA_VISIBLE_DEVICES: 'GPU-0a1b', CUDA_DEVICE_ORDER: 'PCI_BUS_ID' },
  });
  expect(provider().bind(mig)).toEqual({
    prefix: [],
    env: { CUDA_VISIBLE_DEVICES: 'MIG-2c3d', CUDA_DEVICE_ORDER: 'PCI_BUS_ID' },
  });
});

test('a GPU is shared only where MPS can limit its clients: Volta and later', async () => {
  const like = (computeCapability: Gpu['computeCapability']): Gpu[] =>
    fakeNvml.slice(0, 1).map((gpu) => ({ ...gpu, computeCapability }));
  const shares = async (capability: Gpu['computeCapability']) =>
    (await provider({}, async () => like(capability)).discover()).map(({ maxShares }) => maxShares);
  expect(await shares([7, 0])).toEqual([48]);
  expect(await shares([6, 1])).toEqual([1]);
  expect(await shares(null)).toEqual([1]);
});

test('CUDA_VISIBLE_DEVICES of the stack limits what is discovered', async () => {
  const found = await provider({ CUDA_VISIBLE_DEVICES: 'MIG-2c3d' }).discover();
  expect(found.map(({ deviceId }) => deviceId)).toEqual(['MIG-2c3d']);
  expect(await provider({ CUDA_VISIBLE_DEVICES: '' }).discover()).toEqual([]);
});

test('samples come from NVML; a device that it no longer lists is an error', async () => {
  const [gpu] = await provider().discover();
  if (gpu === undefined) throw new Error('expected a device');
  expect(await provider().sample(gpu)).toEqual({ utilization: 0.25, memoryUsedBytes: 1_000 });
  await expect(provider({}, async () => []).sample(gpu)).rejects.toMatchObject({
    type: 'NoSuchDevice',
  });
});

test('what NVML says of links reaches the record, as the pool reads it', async () => {
  const env = {
    ...process.env,
    FAKE_NVML: 'dgx1',
    PYTHONPATH: join(packageRoot(), 'test', 'support', 'fakeNvml'),
  };
  const logger = pino({ level: 'silent' });
  const records = await createCudaProvider({ logger, env, pci }).discover();
  const [first] = records.map((record) => toPoolDevice(deviceRecordSchema.parse(record), 'h'));
  expect(records).toHaveLength(8);
  expect(first).toMatchObject({
    deviceId: 'GPU-0',
    links: { 'GPU-1': 'NV1', 'GPU-3': 'NV2', 'GPU-7': 'SYS' },
  });
});

test('a host whose GPUs cannot be listed goes on without', async () => {
  const broken = async () => {
    throw new Error('driver/library version mismatch');
  };
  expect(await provider({}, broken).discover()).toEqual([]);
});
