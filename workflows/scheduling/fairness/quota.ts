import type { ResourceVector, Team } from '../../contracts/pool/teams.ts';
import { resourceNames } from './resourceVector.ts';

/** Parts of a quota that differ by less are equal. */
export const rounding = 1e-9;

/** A team whose every guaranteed resource is used in full counts as much as one that uses more. */
const fulfilled = resourceNames.length;

/**
 * What is guaranteed to a team; null when nothing is. Resources that it does not name follow `milli`
 * in proportion to the pool, or, without `milli`, the largest part that is named.
 */
export function quotaOf({ quota }: Team, capacity: ResourceVector): ResourceVector | null {
  const named = resourceNames.filter((name) => (quota[name] ?? 0) > 0);
  if (named.length === 0) return null;
  const partOf = (name: keyof ResourceVector) =>
    capacity[name] > 0 ? (quota[name] ?? 0) / capacity[name] : 0;
  const part = quota.milli === undefined ? Math.max(...named.map(partOf)) : partOf('milli');
  const of = (name: keyof ResourceVector) => quota[name] ?? capacity[name] * part;
  return {
    milli: of('milli'),
    memoryMib: of('memoryMib'),
    cpuMilli: of('cpuMilli'),
    hostMemoryMib: of('hostMemoryMib'),
  };
}

/** The largest part of any one resource of the quota that is used; above 1 the team is over its quota. */
export function quotaRatio(use: ResourceVector, quota: ResourceVector): number {
  let ratio = 0;
  for (const name of resourceNames) {
    if (use[name] > 0) ratio = Math.max(ratio, use[name] / quota[name]);
  }
  return ratio;
}

export function isUnderQuota(use: ResourceVector, quota: ResourceVector): boolean {
  return quotaRatio(use, quota) < 1 - rounding;
}

/**
 * How much of a team's guarantee it has: the sum of the used parts, at most their number. It grows
 * with every reclaim and no revocation for others' sake lets it fall, which is why revocations end.
 */
export function guaranteeMet(use: ResourceVector, quota: ResourceVector): number {
  if (!isUnderQuota(use, quota)) return fulfilled;
  return resourceNames.reduce(
    (sum, name) => (quota[name] > 0 ? sum + use[name] / quota[name] : sum),
    0,
  );
}
