import type { Lease } from '../contracts/lease.ts';
import { lookup } from './lookup.ts';
import type { PoolState } from './state.ts';

/** A held lease as its holder gets it; undefined when it is over. */
export function leaseOf(state: PoolState, leaseId: string): Lease | undefined {
  const lease = lookup(state.leases, leaseId);
  if (lease === undefined) return undefined;
  return {
    leaseId,
    pool: state.pool,
    team: lease.request.team,
    expiresAt: lease.expiresAt,
    devices: lease.devices.map(({ deviceId, epoch, milli, memoryMib }) => {
      const device = lookup(state.devices, deviceId);
      return {
        deviceId,
        taskQueue: device?.taskQueue ?? '',
        hostId: device?.hostId ?? '',
        epoch,
        liveEpochs: liveEpochs(state, deviceId),
        milli,
        memoryMib,
      };
    }),
  };
}

/** Epochs of the leases that hold a part of the device, ascending; ended ones may not go on. */
export function liveEpochs(state: PoolState, deviceId: string): number[] {
  return Object.values(state.leases)
    .flatMap(({ devices }) => devices)
    .filter((device) => device.deviceId === deviceId)
    .map(({ epoch }) => epoch)
    .sort((a, b) => a - b);
}
