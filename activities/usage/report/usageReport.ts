import { mean, quantile, sum } from 'simple-statistics';
import type { UsageRecord } from '../../../workflows/contracts/pool/usage.ts';
import type { LeaseUse } from '../usageStore.ts';
import { cutIntoPieces, type Grouping, groupOf, type Piece } from './pieces.ts';
import { type Prices, priceOf } from './prices.ts';
import { waitsOf } from './waits.ts';

export interface UsageReportInput {
  /** Leases that ended after `from`. */
  records: readonly UsageRecord[];
  /** What was seen of them. */
  uses: readonly LeaseUse[];
  by: Grouping;
  /** Hours before it are not counted; ms since the Unix epoch, as all times. */
  from: number;
  to: number;
  /** null: nobody knows any. */
  prices: Prices | null;
}

export interface UsageRow {
  /** Team, model, label or day (UTC); `all` for everything together. */
  group: string;
  /** Leases that ended; by model, those with such a device. */
  leases: number;
  /** Hours of whole devices: half a device for two hours is one. */
  deviceHours: number;
  /** Between asking and lending, s; null without leases. */
  wait: { meanSeconds: number; p95Seconds: number } | null;
  /** Mean busy share of the devices while they were leased, 0 to 1; null when nobody looked. */
  utilization: number | null;
  /** Part of deviceHours that `utilization` is about, 0 to 1. */
  watched: number;
  /** Null when no price fits any of it. */
  cost: number | null;
  /** Hours in deviceHours that no price fits. */
  unpricedHours: number;
}

export interface UsageReport {
  from: number;
  to: number;
  by: Grouping;
  /** Of `cost`; null when nobody knows prices. */
  currency: string | null;
  /** The most device hours first; days in their order. */
  rows: UsageRow[];
  total: UsageRow;
}

/** What was leased: hours, waits, how busy it was, what it cost. Leases that go on are not in it. Pure. */
export function reportUsage(input: UsageReportInput): UsageReport {
  const { by, from, to, prices } = input;
  const rows = rowsBy(input, by);
  rows.sort((a, b) =>
    by === 'day'
      ? compare(a.group, b.group)
      : b.deviceHours - a.deviceHours || compare(a.group, b.group),
  );
  const [total = emptyRow] = rowsBy(input, 'all');
  return { from, to, by, currency: prices?.currency ?? null, rows, total };
}

const emptyRow: UsageRow = {
  ...{ group: 'all', leases: 0, deviceHours: 0, wait: null },
  ...{ utilization: null, watched: 0, cost: null, unpricedHours: 0 },
};

function rowsBy(input: UsageReportInput, by: Grouping): UsageRow[] {
  const { records, uses, from, to, prices } = input;
  const waits = waitsOf(records);
  const pieces = groupBy(cutIntoPieces(records, uses, by, from, to), ({ group }) => group);
  const leases = new Map<string, Set<string>>();
  for (const record of records) {
    for (const { model } of record.devices) {
      const group = groupOf(record, model, by);
      leases.set(group, (leases.get(group) ?? new Set()).add(record.leaseId));
    }
  }
  const groups = new Set([...pieces.keys(), ...leases.keys()]);
  return [...groups].map((group) => {
    const own = [...(leases.get(group) ?? [])];
    const waited = own.map((leaseId) => (waits.get(leaseId) ?? 0) / 1000);
    return {
      group,
      leases: own.length,
      ...amounts(pieces.get(group) ?? [], prices),
      wait:
        waited.length === 0
          ? null
          : { meanSeconds: mean(waited), p95Seconds: quantile(waited, 0.95) },
    };
  });
}

function amounts(
  pieces: readonly Piece[],
  prices: Prices | null,
): Omit<UsageRow, 'group' | 'leases' | 'wait'> {
  const hours = (some: readonly Piece[]) => sum(some.map(({ deviceHours }) => deviceHours));
  const deviceHours = hours(pieces);
  const watched = pieces.filter(({ utilization }) => utilization !== null);
  const watchedHours = hours(watched);
  const busyHours = sum(watched.map((piece) => piece.deviceHours * (piece.utilization ?? 0)));
  const priced = pieces.flatMap((piece) => {
    const price = prices && priceOf(prices, piece.model);
    return price === null ? [] : [{ hours: piece.deviceHours, cost: price * piece.deviceHours }];
  });
  return {
    deviceHours,
    utilization: watchedHours > 0 ? busyHours / watchedHours : null,
    watched: deviceHours > 0 ? watchedHours / deviceHours : 0,
    cost: priced.length === 0 ? null : sum(priced.map(({ cost }) => cost)),
    unpricedHours: Math.max(0, deviceHours - sum(priced.map((part) => part.hours))),
  };
}

function groupBy<T>(values: readonly T[], key: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const group = groups.get(key(value));
    if (group) group.push(value);
    else groups.set(key(value), [value]);
  }
  return groups;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
