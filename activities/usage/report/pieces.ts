import type { UsageRecord } from '../../../workflows/contracts/pool/usage.ts';
import type { LeaseUse } from '../usageStore.ts';

/** What leases are put together by; `all`: not divided. */
export const groupings = ['team', 'model', 'label', 'day', 'all'] as const;
export type Grouping = (typeof groupings)[number];

/** One device's part of one lease, within one group and the time asked for. */
export interface Piece {
  group: string;
  leaseId: string;
  model: string;
  /** Hours of a whole device. */
  deviceHours: number;
  /** Mean busy share of the device, 0 to 1; null when nobody looked. */
  utilization: number | null;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Day in UTC, such as `2026-03-01`. */
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** Cuts leases into their devices' parts between `from` and `to`; by day, at midnights UTC too. */
export function cutIntoPieces(
  records: readonly UsageRecord[],
  uses: readonly LeaseUse[],
  by: Grouping,
  from: number,
  to: number,
): Piece[] {
  const seen = utilizations(uses);
  return records.flatMap((record) => {
    const { leaseId } = record;
    const [begin, end] = [Math.max(from, record.grantedAt), Math.min(to, record.endedAt)];
    return record.devices.flatMap(({ deviceId, model, milli }) => {
      const utilization = seen.get(useKey({ leaseId, deviceId })) ?? null;
      const piece = (group: string, ms: number): Piece => {
        const deviceHours = (Math.max(0, ms) * milli) / 1000 / hourMs;
        return { group, leaseId, model, deviceHours, utilization };
      };
      if (by !== 'day') return [piece(groupOf(record, model, by), end - begin)];
      return cutAtMidnights(begin, end).map(({ at, ms }) => piece(dayOf(at), ms));
    });
  });
}

/** By model: the group of one device of the lease; else the group of the whole lease. */
export function groupOf(record: UsageRecord, model: string, by: Grouping): string {
  if (by === 'team') return record.team;
  if (by === 'label') return record.label;
  if (by === 'day') return dayOf(record.endedAt);
  return by === 'model' ? model : 'all';
}

function cutAtMidnights(begin: number, end: number): { at: number; ms: number }[] {
  const parts: { at: number; ms: number }[] = [];
  for (let at = begin; at < end; ) {
    const next = Math.min(end, (Math.floor(at / dayMs) + 1) * dayMs);
    parts.push({ at, ms: next - at });
    at = next;
  }
  return parts;
}

const useKey = ({ leaseId, deviceId }: Pick<LeaseUse, 'leaseId' | 'deviceId'>): string =>
  JSON.stringify([leaseId, deviceId]);

/** Over all watchers of a lease's device, each by the number of its looks. */
function utilizations(uses: readonly LeaseUse[]): Map<string, number> {
  const sums = new Map<string, { samples: number; sum: number }>();
  for (const use of uses) {
    const key = useKey(use);
    const { samples, sum } = sums.get(key) ?? { samples: 0, sum: 0 };
    sums.set(key, {
      samples: samples + use.samples,
      sum: sum + use.samples * use.utilization,
    });
  }
  return new Map(
    [...sums]
      .filter(([, { samples }]) => samples > 0)
      .map(([key, { samples, sum }]) => [key, sum / samples]),
  );
}
