import { lookup, without } from '../lookup.ts';
import type { DeviceState, PoolState } from '../state.ts';

/** Takes confirmed shares off a device's `clearing`; epochs of leases that still hold stay. */
export function clearShares(
  state: PoolState,
  cleared: readonly { deviceId: string; epoch: number }[],
): PoolState {
  let devices = state.devices;
  for (const { deviceId, epoch } of cleared) {
    const device = lookup(devices, deviceId);
    if (!device?.clearing.some((share) => share.epoch === epoch)) continue;
    const clearing = device.clearing.filter((share) => share.epoch !== epoch);
    devices = { ...devices, [deviceId]: { ...device, clearing } };
  }
  return devices === state.devices ? state : dropMissing({ ...state, devices });
}

/**
 * Forgets devices that their host no longer names. A drained one is kept, or a device that was taken
 * out for repair would come back ready to be lent.
 */
export function dropMissing(state: PoolState): PoolState {
  const gone = Object.values(state.devices).filter(
    (device) => device.missing && !device.draining && !isOccupied(state, device),
  );
  if (gone.length === 0) return state;
  const devices = gone.reduce((left, { deviceId }) => without(left, deviceId), state.devices);
  return { ...state, devices };
}

function isOccupied(state: PoolState, { deviceId, clearing }: DeviceState): boolean {
  return (
    clearing.length > 0 ||
    Object.values(state.leases).some((lease) =>
      lease.devices.some((device) => device.deviceId === deviceId),
    )
  );
}
