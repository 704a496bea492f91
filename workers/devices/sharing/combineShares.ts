import type { DeviceRecord } from '../../../activities/devices/deviceRecords.ts';
import { formatCoreSet, parseCoreSet } from '../coreSets.ts';
import type { PreparedShare } from '../deviceSharing.ts';
import { orderByLinks } from './orderByLinks.ts';

export interface DevicePart {
  device: DeviceRecord;
  share: PreparedShare;
}

/** Joined by commas: each device adds its own. */
const visible = 'CUDA_VISIBLE_DEVICES';
/** Added up: each device adds its cores. */
const counted = ['OMP_NUM_THREADS', 'MKL_NUM_THREADS'];

/**
 * How a command is started that holds several devices: it sees all of them, those with the best
 * links beside each other, and may run on the cores of any. Other variables are the last device's.
 * A process is in one cgroup only, so none is entered for more than one; their limits add up. Pure.
 * @param parts At least one.
 */
export function combineShares(parts: readonly DevicePart[]): PreparedShare {
  const ordered = orderByLinks(parts.map(({ device }) => device)).flatMap((device) =>
    parts.filter((part) => part.device === device),
  );
  const shares = ordered.map(({ share }) => share);
  const env: Record<string, string> = Object.assign({}, ...shares.map((share) => share.env));
  const values = (name: string): string[] => shares.flatMap((share) => share.env[name] || []);
  if (visible in env) env[visible] = values(visible).join(',');
  for (const name of counted.filter((name) => name in env)) {
    env[name] = String(values(name).reduce((sum, text) => sum + Number(text), 0));
  }
  return {
    env,
    cores: unionOf(shares),
    dataLimitBytes: sumOf(shares.map(({ dataLimitBytes }) => dataLimitBytes)),
    cgroup: shares.length === 1 ? (shares[0]?.cgroup ?? null) : null,
  };
}

function unionOf(shares: readonly PreparedShare[]): string | null {
  const sets = shares.map(({ cores }) => cores);
  if (sets.includes(null)) return null;
  return formatCoreSet(sets.flatMap((cores) => parseCoreSet(cores ?? '')));
}

function sumOf(limits: readonly (number | null)[]): number | null {
  return limits.reduce((sum, limit) => (sum === null || limit === null ? null : sum + limit), 0);
}
