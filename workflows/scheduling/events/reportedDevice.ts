import type { LinkType, PoolDevice } from '../../contracts/pool/devices.ts';
import { type Fields, isFields, isFiniteNumber, isKey } from './untrusted.ts';

/** Devices of one host that the pool takes; what lies behind is left out. */
export const maxDevicesPerHost = 1024;

const linkPattern = /^(NV[1-9]\d{0,2}|PIX|PXB|PHB|NODE|SYS)$/;
const maxMemoryMib = 2 ** 30;

/** A device as a report describes it, or undefined when it makes no sense: it is then not lent. */
export function reportedDevice(value: unknown, hostId: string): PoolDevice | undefined {
  if (!isFields(value) || value.hostId !== hostId) return undefined;
  const { deviceId, taskQueue, kind, label, model, memoryMib, maxShares } = value;
  if (!isKey(deviceId) || !isText(taskQueue) || !isText(kind) || !isText(label) || !isText(model)) {
    return undefined;
  }
  if (!isFiniteNumber(memoryMib) || memoryMib < 0 || memoryMib > maxMemoryMib) return undefined;
  return {
    deviceId,
    hostId,
    taskQueue,
    kind,
    label,
    model,
    memoryMib: Math.floor(memoryMib),
    maxShares: isFiniteNumber(maxShares) ? Math.min(1000, Math.max(1, Math.floor(maxShares))) : 1,
    mig: readMig(value.mig),
    links: readLinks(value.links),
    fabric: readFabric(value.fabric),
  };
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= 256;

function readMig(value: unknown): PoolDevice['mig'] {
  if (!isFields(value) || !isText(value.profile) || !isText(value.parentDeviceId)) return null;
  return { profile: value.profile, parentDeviceId: value.parentDeviceId };
}

/** A link of an unknown type is left out: no link is worse than any. */
function readLinks(value: unknown): Record<string, LinkType> {
  const known = Object.entries(isFields(value) ? value : ({} as Fields)).filter(
    (entry): entry is [string, LinkType] =>
      isKey(entry[0]) && typeof entry[1] === 'string' && linkPattern.test(entry[1]),
  );
  return Object.fromEntries(known.slice(0, maxDevicesPerHost));
}

function readFabric(value: unknown): PoolDevice['fabric'] {
  if (!isFields(value) || !isText(value.clusterUuid) || !Number.isSafeInteger(value.cliqueId)) {
    return null;
  }
  return { clusterUuid: value.clusterUuid, cliqueId: Number(value.cliqueId) };
}
