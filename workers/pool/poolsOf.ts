import type { DeviceRecord } from '../../activities/devices/deviceRecords.ts';
import type { PoolSetting } from '../../activities/platform/poolSetting.ts';

export interface HostPool {
  name: string;
  devices: DeviceRecord[];
}

/**
 * Divides a host's devices among its pools; a pool that gets none is left out. Pure.
 * @returns `unknown`: labels that no device has; `unlent`: devices that no pool names
 */
export function poolsOf(
  devices: readonly DeviceRecord[],
  settings: readonly PoolSetting[],
): { pools: HostPool[]; unknown: string[]; unlent: string[] } {
  const named = settings.flatMap(({ labels }) => labels ?? []);
  const pools = settings.map(({ name, labels }) => ({
    name,
    devices: devices.filter(({ label }) =>
      labels === null ? !named.includes(label) : labels.includes(label),
    ),
  }));
  const lent = new Set(pools.flatMap((pool) => pool.devices));
  return {
    pools: pools.filter((pool) => pool.devices.length > 0),
    unknown: named.filter((label) => !devices.some((device) => device.label === label)),
    unlent: devices.filter((device) => !lent.has(device)).map(({ label }) => label),
  };
}
