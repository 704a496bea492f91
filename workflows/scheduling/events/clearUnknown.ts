import { lookup } from '../lookup.ts';
import type { DeviceState, PoolState } from '../state.ts';

/** Of a lease that another pool, or this one before it was started anew, has granted. */
const unknownLease = 'unknown';

/**
 * A device that is new to the pool and at work is not free before its host has ended what runs there.
 * @param working as its host reports it
 */
export function clearUnknown(
  state: PoolState,
  before: PoolState,
  hostId: string,
  working: readonly { deviceId: string; epoch: number }[],
  now: number,
): PoolState {
  const devices: Record<string, DeviceState> = { ...state.devices };
  for (const { deviceId, epoch } of working) {
    const device = lookup(devices, deviceId);
    if (device?.hostId !== hostId || lookup(before.devices, deviceId) !== undefined) continue;
    if (device.clearing.some((share) => share.epoch === epoch)) continue;
    const { memoryMib } = device;
    const share = { leaseId: unknownLease, epoch, milli: 1_000, memoryMib, since: now };
    devices[deviceId] = { ...device, clearing: [...device.clearing, share] };
  }
  return { ...state, devices };
}
