import type { DeviceDescription, PoolDescription } from '../contracts/pool/description.ts';

/** Details are recomputed, kept in memory and sent whole: rows beyond these are counted only. */
const maxDevices = 64;
const maxQueue = 20;
const maxTeams = 20;
const maxCell = 60;

/** A pool as Markdown tables for the Web UI: devices, queue, teams; of bounded length. */
export function poolDetails(description: PoolDescription): string {
  const { devices, queue, teams, leases, totals } = description;
  const free = devices.filter(({ state }) => state === 'free').length;
  const lines = [
    `**${free} of ${devices.length} devices free**, ${leases.length} leases, ${queue.length} waiting. ` +
      `So far ${totals.granted} granted, ${totals.released} released, ${totals.revoked} revoked, ` +
      `${totals.expired} expired, ${totals.refused} refused.`,
  ];
  if (devices.length > 0) lines.push('', ...devicesTable(description));
  if (queue.length > 0) lines.push('', ...queueTable(description));
  if (teams.length > 0) lines.push('', ...teamsTable(description));
  return lines.join('\n');
}

function devicesTable({ devices, leases }: PoolDescription): string[] {
  const byId = new Map(leases.map((lease) => [lease.leaseId, lease]));
  const holders = (device: DeviceDescription) =>
    device.holders.map((leaseId) => {
      const lease = byId.get(leaseId);
      return lease ? `${lease.team}: ${lease.label || lease.leaseId}` : leaseId;
    });
  return table(
    ['device', 'model', 'host', 'state', 'free', 'held by'],
    devices.map((device) => [
      device.label,
      device.model,
      device.hostId,
      device.state,
      `${device.freeMilli / 10} %, ${device.freeMemoryMib} MiB`,
      holders(device).join(', '),
    ]),
    maxDevices,
  );
}

function queueTable({ queue }: PoolDescription): string[] {
  return table(
    ['place', 'request', 'team', 'wants', 'since'],
    queue.map(({ position, requestId, label, team, resources, submittedAt }) => [
      String(position),
      label || requestId,
      team,
      resources.milli < 1000
        ? `${resources.milli / 10} % of a device`
        : `${resources.devices} ${resources.devices === 1 ? 'device' : 'devices'}`,
      new Date(submittedAt).toISOString(),
    ]),
    maxQueue,
  );
}

function teamsTable({ teams }: PoolDescription): string[] {
  return table(
    ['team', 'devices', 'quota', 'limit', 'share', 'waiting'],
    teams.map(({ team, used, quota, limit, share, waiting }) => [
      team,
      String(used.milli / 1000),
      quota.milli === undefined ? '-' : String(quota.milli / 1000),
      limit.milli === undefined ? '-' : String(limit.milli / 1000),
      `${(share * 100).toFixed(1)} %`,
      String(waiting),
    ]),
    maxTeams,
  );
}

function table(header: string[], rows: string[][], most: number): string[] {
  const lines = [header, header.map(() => '---'), ...rows.slice(0, most)];
  const shown = lines.map((cells) => `| ${cells.map(cell).join(' | ')} |`);
  return rows.length > most ? [...shown, '', `and ${rows.length - most} more`] : shown;
}

/** Labels are whatever people type: nothing of them may be taken for Markdown or fill the page. */
function cell(text: string): string {
  const short = text.length > maxCell ? `${text.slice(0, maxCell - 1)}…` : text;
  return short.replace(/[\\|`*_[\]<>]/g, '\\$&').replace(/\s+/g, ' ');
}
