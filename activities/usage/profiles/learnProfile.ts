import { mean, quantile } from 'simple-statistics';
import type { UsageRecord } from '../../../workflows/contracts/pool/usage.ts';
import type { LeaseUse } from '../usageStore.ts';

/** With fewer leases nothing is concluded. */
export const leastLeases = 3;

/** What past leases of one piece of work (a command, a model) were like. */
export interface Profile {
  profileKey: string;
  /** Leases that ended by themselves, which all of this is about. */
  leases: number;
  /** How long they held their devices. */
  durationSeconds: { p50: number; p90: number };
  /** 95th percentile of the most memory of one device, MiB; null when too few were measured. */
  peakMib: number | null;
  /** Busy share of their devices, 0 to 1: mean and 95th percentile; null when too few were measured. */
  utilization: { mean: number; p95: number } | null;
  /** Most devices of one lease. */
  devices: number;
}

/**
 * Learns from leases of one profileKey. What was revoked or lost says nothing of how long the work takes.
 * @returns null with fewer than `leastLeases`
 */
export function learnProfile(
  profileKey: string,
  records: readonly UsageRecord[],
  uses: readonly LeaseUse[],
): Profile | null {
  const own = records.filter(
    (record) => record.profileKey === profileKey && record.end === 'released',
  );
  if (own.length < leastLeases) return null;
  const durations = own.map(({ grantedAt, endedAt }) => (endedAt - grantedAt) / 1000);
  const seen = own.map(({ leaseId }) => uses.filter((use) => use.leaseId === leaseId));
  const peaks = seen.flatMap((some) => {
    const known = some.flatMap(({ peakMib }) => peakMib ?? []);
    return known.length === 0 ? [] : [Math.max(...known)];
  });
  const busy = seen.flatMap((some) => {
    const samples = some.reduce((sum, use) => sum + use.samples, 0);
    const sum = some.reduce((total, use) => total + use.samples * use.utilization, 0);
    return samples === 0 ? [] : [sum / samples];
  });
  return {
    profileKey,
    leases: own.length,
    durationSeconds: { p50: quantile(durations, 0.5), p90: quantile(durations, 0.9) },
    peakMib: peaks.length < leastLeases ? null : quantile(peaks, 0.95),
    utilization: busy.length < leastLeases ? null : { mean: mean(busy), p95: quantile(busy, 0.95) },
    devices: Math.max(...own.map(({ devices }) => devices.length)),
  };
}
