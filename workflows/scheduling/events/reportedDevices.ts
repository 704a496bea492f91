import { lookup } from '../lookup.ts';
import type { DeviceState, PoolState } from '../state.ts';
import { maxDevicesPerHost, reportedDevice } from './reportedDevice.ts';
import { listOf } from './untrusted.ts';

/** Brings the pool's devices of one host in line with what its report names. */
export function takeDevices(state: PoolState, hostId: string, reported: unknown): PoolState {
  const devices: Record<string, DeviceState> = { ...state.devices };
  const named = new Set<string>();
  for (const value of listOf(reported).slice(0, maxDevicesPerHost)) {
    const device = reportedDevice(value, hostId);
    if (device === undefined) continue;
    const before = lookup(devices, device.deviceId);
    if (before !== undefined && !mayTake(state, before, hostId)) continue;
    named.add(device.deviceId);
    devices[device.deviceId] = {
      ...device,
      draining: before?.draining ?? false,
      clearing: before?.clearing ?? [],
      missing: false,
    };
  }
  for (const device of Object.values(devices)) {
    if (device.hostId === hostId && !named.has(device.deviceId) && !device.missing) {
      devices[device.deviceId] = { ...device, missing: true };
    }
  }
  return { ...state, devices };
}

/**
 * A device belongs to one host at a time. It moves when its host is gone or no longer names it, and
 * nothing holds it: so a card that was put into another machine is lent from there.
 */
function mayTake(state: PoolState, device: DeviceState, hostId: string): boolean {
  if (device.hostId === hostId) return true;
  const left = device.missing || lookup(state.hosts, device.hostId)?.lapsed !== false;
  return (
    left &&
    !Object.values(state.leases).some((lease) =>
      lease.devices.some(({ deviceId }) => deviceId === device.deviceId),
    )
  );
}
