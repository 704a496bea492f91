import { z } from 'zod';
import { berthError } from '../../workflows/contracts/errors.ts';
import { readJson } from '../platform/atomicFile.ts';
import type { Paths } from '../platform/paths.ts';

/** A device of this host as its provider found it; the supervisor writes the list. */
export const deviceRecordSchema = z.object({
  /** GPU or MIG UUID, else `<hostId>.cpu<n>`. */
  deviceId: z.string(),
  /** Name of the DeviceProvider, such as `cpu` or `cuda`. */
  kind: z.string(),
  /** Short name for people, such as `cpu0`. */
  label: z.string(),
  /** What it is, such as `NVIDIA H100 80GB HBM3`. */
  model: z.string(),
  taskQueue: z.string(),
  /** Logical CPUs that its worker is bound to, such as `0-3,8`; null for all. */
  cores: z.string().nullable(),
  /** NUMA node, where known. */
  numaNode: z.number().int().nullable(),
  /** Memory of the device (CPU: of its NUMA node), bytes. */
  memoryBytes: z.number().nonnegative(),
});
export type DeviceRecord = z.infer<typeof deviceRecordSchema>;

export const deviceListSchema = z.object({
  hostId: z.string(),
  devices: z.array(deviceRecordSchema),
});
export type DeviceList = z.infer<typeof deviceListSchema>;

/** @throws BerthError StackUnavailable before the first discovery on this host */
export async function readDeviceList(paths: Paths): Promise<DeviceList> {
  const list = await readJson(paths.devicesFile, deviceListSchema);
  if (list === undefined) {
    throw berthError('StackUnavailable', `${paths.devicesFile} is absent: run berth up`);
  }
  return list;
}
