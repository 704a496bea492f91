import type {
  DeviceDescription,
  LeaseDescription,
  PoolDescription,
} from '../../../workflows/contracts/pool/description.ts';
import type { Resources } from '../../../workflows/contracts/pool/requests.ts';
import { formatTable } from './table.ts';
import { formatBytes, formatSeconds } from './units.ts';

/** Devices with their holders, leases and the queue, for a person. */
export function formatPool(description: PoolDescription): string {
  const { pool, devices, leases, queue } = description;
  const free = devices.filter(({ state }) => state === 'free').length;
  const parts = [
    `pool ${pool}: ${free} of ${devices.length} devices free, ${leases.length} leases, ${queue.length} waiting`,
    devices.length === 0 ? 'no host has reported yet' : formatDevices(description),
  ];
  if (leases.length > 0) parts.push(formatLeases(description));
  if (queue.length > 0) parts.push(formatQueue(description));
  return parts.join('\n\n');
}

function formatDevices({ devices, hosts, leases }: PoolDescription): string {
  const byId = new Map(leases.map((lease) => [lease.leaseId, lease]));
  const severalHosts = hosts.length > 1;
  const rows = devices.map((device) => [
    device.label,
    ...(severalHosts ? [device.hostId] : []),
    device.model,
    device.state,
    formatFree(device),
    formatBytes(device.memoryMib * 2 ** 20),
    device.holders.map((id) => nameLease(byId.get(id), id)).join(', '),
  ]);
  return formatTable(
    ['device', ...(severalHosts ? ['host'] : []), 'model', 'state', 'free', 'of', 'held by'],
    rows,
  );
}

/** What is left of a device: the fragment that a fraction could get. */
function formatFree({ freeMilli, freeMemoryMib, state }: DeviceDescription): string {
  if (state === 'lapsed' || state === 'draining' || freeMilli === 0) return '-';
  return `${freeMilli / 10} %, ${formatBytes(freeMemoryMib * 2 ** 20)}`;
}

function nameLease(lease: LeaseDescription | undefined, leaseId: string): string {
  return lease ? `${lease.team}: ${lease.label || leaseId}` : leaseId;
}

function formatLeases({ leases, at, devices }: PoolDescription): string {
  const labels = new Map(devices.map(({ deviceId, label }) => [deviceId, label]));
  const rows = leases.map((lease) => [
    lease.leaseId,
    lease.team,
    lease.label || '-',
    lease.devices.map(({ deviceId }) => labels.get(deviceId) ?? deviceId).join(', '),
    lease.worstLink ?? '-',
    formatSince(lease.grantedAt, at),
    lease.revoking === null ? '' : `being taken back: ${lease.revoking}`,
  ]);
  return formatTable(['lease', 'team', 'what', 'devices', 'worst link', 'for', ''], rows);
}

function formatQueue({ queue, at }: PoolDescription): string {
  const rows = queue.map((waiting) => [
    String(waiting.position),
    waiting.requestId,
    waiting.team,
    waiting.label || '-',
    formatWish(waiting.resources),
    formatSince(waiting.submittedAt, at),
  ]);
  return formatTable(['place', 'request', 'team', 'what', 'wants', 'waits'], rows, ['right']);
}

const formatSince = (from: number, to: number): string =>
  formatSeconds(Math.max(0, Math.round((to - from) / 1000)));

/** `2 devices, NV1`, `25 % and 10.0 GiB of a device`. */
export function formatWish(resources: Resources): string {
  const { devices, milli, memoryMib, link, models, migProfile } = resources;
  const amount =
    milli < 1000
      ? `${milli / 10} % and ${formatBytes(memoryMib * 2 ** 20)} of a device`
      : `${devices} ${devices === 1 ? 'device' : 'devices'}`;
  return [amount, migProfile, link, models.join('|')]
    .filter((part) => part !== null && part !== '')
    .join(', ');
}
