import { z } from 'zod';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { LinkType } from '../../workflows/contracts/pool/devices.ts';
import { readJson } from '../platform/atomicFile.ts';
import type { Paths } from '../platform/paths.ts';

const linkSchema = z.custom<LinkType>(
  (text) => typeof text === 'string' && /^(NV[1-9]\d*|PIX|PXB|PHB|NODE|SYS)$/.test(text),
  'expected a link such as NV4 or PIX',
);

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
  // What follows is absent from lists that an earlier version has written.
  /** Part of `memoryBytes` that leases may be given, where others have the rest. */
  lendableBytes: z.number().nonnegative().optional(),
  /** Leases that may share it at a time; absent: 1. */
  maxShares: z.number().int().positive().optional(),
  mig: z.object({ profile: z.string(), parentDeviceId: z.string() }).nullable().optional(),
  /** To other devices of this host by deviceId, as this one sees them. */
  links: z.record(z.string(), linkSchema).optional(),
  fabric: z.object({ clusterUuid: z.string(), cliqueId: z.number().int() }).nullable().optional(),
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
