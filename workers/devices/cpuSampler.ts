import { readFile } from 'node:fs/promises';
import type { DeviceRecord } from '../../activities/devices/deviceRecords.ts';
import { parseCoreSet } from './coreSets.ts';
import type { DeviceSample } from './deviceProvider.ts';

interface Ticks {
  busy: number;
  total: number;
}

/** Samples CPU devices from /proc/stat and /proc/meminfo; remembers the counters in between. */
export function createCpuSampler(
  read: (path: string) => Promise<string> = (path) => readFile(path, 'utf8'),
): (device: DeviceRecord) => Promise<DeviceSample> {
  const before = new Map<string, Ticks>();
  return async (device) => {
    const now = sumTicks(
      await read('/proc/stat'),
      device.cores === null ? undefined : parseCoreSet(device.cores),
    );
    const last = before.get(device.deviceId) ?? { busy: 0, total: 0 };
    before.set(device.deviceId, now);
    const total = now.total - last.total;
    return {
      utilization: total > 0 ? (now.busy - last.busy) / total : 0,
      memoryUsedBytes: usedMemory(await read('/proc/meminfo')),
    };
  };
}

/** proc(5): cpu<n> user nice system idle iowait irq softirq steal (guest times are in user). */
export function sumTicks(stat: string, cores: readonly number[] | undefined): Ticks {
  const sum = { busy: 0, total: 0 };
  for (const [, core, rest] of stat.matchAll(/^cpu(\d+) (.*)$/gm)) {
    if (cores !== undefined && !cores.includes(Number(core))) continue;
    const ticks = (rest ?? '').split(' ').slice(0, 8).map(Number);
    const all = ticks.reduce((a, b) => a + b, 0);
    const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
    sum.busy += all - idle;
    sum.total += all;
  }
  return sum;
}

function usedMemory(meminfo: string): number {
  const kilobytes = (key: string) =>
    Number(new RegExp(`^${key}:\\s*(\\d+) kB`, 'm').exec(meminfo)?.[1] ?? 0);
  return (kilobytes('MemTotal') - kilobytes('MemAvailable')) * 1024;
}
