import type { PoolDevice } from '../../workflows/contracts/pool/devices.ts';
import type { DeviceRecord } from './deviceRecords.ts';

const mebibyte = 1024 * 1024;

/** A device as the pool is told of it; `links` also name devices that this host does not lend. */
export function toPoolDevice(record: DeviceRecord, hostId: string): PoolDevice {
  const { deviceId, taskQueue, kind, label, model } = record;
  return {
    deviceId,
    hostId,
    taskQueue,
    kind,
    label,
    model,
    memoryMib: Math.floor((record.lendableBytes ?? record.memoryBytes) / mebibyte),
    maxShares: record.maxShares ?? 1,
    mig: record.mig ?? null,
    links: record.links ?? {},
    fabric: record.fabric ?? null,
  };
}
