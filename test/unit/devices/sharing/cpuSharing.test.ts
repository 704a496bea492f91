import { describe, expect, test } from 'vitest';
import type { DeviceRecord } from '../../../../activities/devices/deviceRecords.ts';
import type { DeviceShare } from '../../../../workers/devices/deviceSharing.ts';
import type { CgroupLimits } from '../../../../workers/devices/sharing/cgroup.ts';
import { createCpuSharing } from '../../../../workers/devices/sharing/cpuSharing.ts';
import { processMemoryMib } from '../../../../workers/devices/sharing/processMemory.ts';

const device = (changes: Partial<DeviceRecord> = {}): DeviceRecord => ({
  deviceId: 'h.cpu0',
  kind: 'cpu',
  label: 'cpu0',
  model: 'CPU',
  taskQueue: 'device.h.cpu0',
  cores: '4-7',
  numaNode: 0,
  memoryBytes: 2 ** 34,
  ...changes,
});
const part = (leaseId: string, milli: number, memoryMib = 1024): DeviceShare => ({
  leaseId,
  epoch: 1,
  milli,
  memoryMib,
  trustDomain: 'team:a',
});
const without = { findParent: async () => undefined };

describe('a CPU device', () => {
  test('lent whole is all its cores, without a limit of memory, and hides GPUs', async () => {
    const sharing = createCpuSharing(without);
    expect(await sharing.prepare(device(), part('one', 1000))).toEqual({
      env: { CUDA_VISIBLE_DEVICES: '', OMP_NUM_THREADS: '4', MKL_NUM_THREADS: '4' },
      cores: '4-7',
      dataLimitBytes: null,
      cgroup: null,
    });
  });

  test('lent in parts gives each its own cores, and those of who left to the next', async () => {
    const sharing = createCpuSharing(without);
    const first = await sharing.prepare(device(), part('one', 500));
    const second = await sharing.prepare(device(), part('two', 500));
    expect([first.cores, second.cores]).toEqual(['4-5', '6-7']);
    expect(first).toMatchObject({ env: { OMP_NUM_THREADS: '2' }, dataLimitBytes: 2 ** 30 });
    await sharing.clear(device(), part('one', 500));
    await sharing.clear(device(), part('one', 500));
    expect((await sharing.prepare(device(), part('three', 250))).cores).toBe('4');
    // Prepared again, after a lost answer: nobody stands in its own way.
    expect((await sharing.prepare(device(), part('three', 250))).cores).toBe('4');
  });

  test('lends no core again that a command of an earlier supervisor has', async () => {
    const [before, after] = [createCpuSharing(without), createCpuSharing(without)];
    await before.prepare(device(), part('one', 500));
    const { cores } = await before.prepare(device(), part('two', 500));
    after.adopt?.(device(), part('two', 500), { cores });
    expect((await after.prepare(device(), part('three', 500))).cores).toBe('4-5');
    await after.clear(device(), part('two', 500));
    expect((await after.prepare(device(), part('four', 500))).cores).toBe('6-7');
  });

  test('keeps devices apart, and takes every core where it has no core set', async () => {
    const sharing = createCpuSharing({ ...without, allCores: () => [0, 1] });
    await sharing.prepare(device(), part('one', 500));
    const other = device({ deviceId: 'h.cpu1', cores: null });
    expect((await sharing.prepare(other, part('two', 500))).cores).toBe('0');
  });

  test('limits a part by a cgroup of its own where one may be made', async () => {
    const made: { name: string; limits: CgroupLimits }[] = [];
    const removed: string[] = [];
    const sharing = createCpuSharing({
      findParent: async () => ({
        create: async (name, limits) => {
          made.push({ name, limits });
          return `/cgroup/${name}`;
        },
        remove: async (name) => void removed.push(name),
      }),
    });
    const share = part('run-1/2', 375, 64);
    expect(await sharing.prepare(device(), share)).toMatchObject({
      cgroup: '/cgroup/berth-run-1_2',
      dataLimitBytes: 64 * 2 ** 20,
      cores: '4-5',
    });
    expect(made).toEqual([
      { name: 'berth-run-1_2', limits: { memoryBytes: 64 * 2 ** 20, cores: 1.5 } },
    ]);
    await sharing.clear(device(), share);
    expect(removed).toEqual(['berth-run-1_2']);
  });

  test('counts the memory of its processes, and nothing for one that has ended', async () => {
    const used = await processMemoryMib([process.pid]);
    const { rss } = process.memoryUsage();
    expect(used).toBeGreaterThan(10);
    expect(used).toBeLessThan((rss / 2 ** 20) * 2);
    const sharing = createCpuSharing(without);
    expect(await sharing.usedMib(device(), part('one', 500), [2 ** 22 + 1])).toBe(0);
  });
});
