import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseCoreSet } from '../../../workers/devices/coreSets.ts';
import { createCpuProvider } from '../../../workers/devices/cpuProvider.ts';
import { allowedCores, thisMachine } from '../../../workers/devices/cpuTopology.ts';
import { type FakeMachine, writeFakeSysfs } from '../../support/fakeSysfs.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-sysfs-'));
});
afterEach(() => rm(root, { recursive: true }));

async function discover(machine: FakeMachine, coreSets?: string[]) {
  const files = await writeFakeSysfs(root, machine);
  return createCpuProvider({ hostId: 'h', coreSets, files }).discover();
}

test('a small machine is one device with all its cores', async () => {
  const devices = await discover({ allowed: '0-1', nodes: ['0-1'] });
  expect(devices).toMatchObject([
    {
      deviceId: 'h.cpu0',
      kind: 'cpu',
      label: 'cpu0',
      taskQueue: 'device.h.cpu0',
      cores: '0-1',
      numaNode: 0,
      memoryBytes: 1024 * 1024,
      lendableBytes: 1024 * 1024,
      maxShares: 16,
    },
  ]);
});

test('devices of one NUMA node lend its memory by their cores, in parts of a core', async () => {
  const devices = await discover({ allowed: '0-19', nodes: ['0-15', '16-19'] }, [
    '0-3',
    '4-15',
    '16',
  ]);
  expect(devices.map(({ lendableBytes, maxShares }) => [lendableBytes, maxShares])).toEqual([
    [262_144, 32],
    [786_432, 96],
    [262_144, 8],
  ]);
});

test('groups have at most 8 cores and never cross a NUMA node', async () => {
  const devices = await discover({ allowed: '0-29', nodes: ['0-19', '20-29'] });
  expect(devices.map(({ cores, numaNode }) => [cores, numaNode])).toEqual([
    ['0-5', 0],
    ['6-12', 0],
    ['13-19', 0],
    ['20-24', 1],
    ['25-29', 1],
  ]);
});

test('hyper-threads of one core stay in one device and count once', async () => {
  const siblings = Array.from({ length: 10 }, (_, core) => `${core},${core + 10}`);
  const devices = await discover({ allowed: '0-19', nodes: ['0-19'], siblings });
  expect(devices.map(({ cores }) => cores)).toEqual(['0-4,10-14', '5-9,15-19']);
});

test('only cores that the affinity mask allows are used', async () => {
  const devices = await discover({ allowed: '2-3,9', nodes: ['0-7', '8-15'] });
  expect(devices.map(({ cores }) => cores)).toEqual(['2-3', '9']);
});

test('BERTH_DEVICES gives the core sets; none gives none', async () => {
  const machine = { allowed: '0-7', nodes: ['0-3', '4-7'] };
  const devices = await discover(machine, ['0', '4-7', '2,3']);
  expect(devices.map(({ cores, numaNode }) => [cores, numaNode])).toEqual([
    ['0', 0],
    ['4-7', 1],
    ['2-3', 0],
  ]);
  expect(await discover(machine, [])).toEqual([]);
});

test('a core that is not ours or is in two sets is refused by name', async () => {
  const machine = { allowed: '0-3', nodes: ['0-3'] };
  await expect(discover(machine, ['0-4'])).rejects.toMatchObject({
    type: 'InvalidRequest',
    message: expect.stringContaining('core 4 of 0-4'),
  });
  await expect(discover(machine, ['0-1', '1-2'])).rejects.toThrow('core 1 is in two devices');
});

test('this machine offers every core that we may use, each once', async () => {
  const devices = await createCpuProvider({ hostId: 'h', coreSets: undefined }).discover();
  const cores = devices.flatMap((device) => parseCoreSet(device.cores ?? ''));
  expect(cores.sort((a, b) => a - b)).toEqual(allowedCores(thisMachine));
});

test('a CPU worker is started under taskset and sees no GPU', async () => {
  const provider = createCpuProvider({ hostId: 'h', coreSets: undefined });
  const [device] = await provider.discover();
  if (device === undefined) throw new Error('no CPU device');
  expect(provider.bind(device)).toEqual({
    prefix: ['taskset', '-c', device.cores],
    env: { CUDA_VISIBLE_DEVICES: '' },
  });
});
