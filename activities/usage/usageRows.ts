import type { UsageRecord } from '../../workflows/contracts/pool/usage.ts';
import type { Row, SqlValue } from './database.ts';
import type { LeaseUse } from './usageStore.ts';

export const leaseColumns = [
  ...['lease_id', 'request_id', 'pool', 'team', 'label', 'profile_key', 'priority'],
  ...['submitted_at', 'granted_at', 'ended_at', 'end_reason', 'expected_seconds', 'devices'],
  ...['cpu_milli', 'host_memory_mib'],
] as const;

export const useColumns = [
  ...['lease_id', 'device_id', 'since', 'samples', 'utilization', 'peak_mib'],
] as const;

/** Values in the order of leaseColumns. */
export const leaseValues = (record: UsageRecord): SqlValue[] => [
  ...[record.leaseId, record.requestId, record.pool, record.team, record.label],
  ...[record.profileKey, record.priority, record.submittedAt, record.grantedAt, record.endedAt],
  ...[record.end, record.expectedSeconds, JSON.stringify(record.devices)],
  ...[record.cpuMilli, record.hostMemoryMib],
];

/** Values in the order of useColumns. */
export const useValues = (use: LeaseUse): SqlValue[] => [
  ...[use.leaseId, use.deviceId, use.since, use.samples, use.utilization, use.peakMib],
];

export const toRecord = (row: Row): UsageRecord => ({
  leaseId: String(row.lease_id),
  requestId: String(row.request_id),
  pool: String(row.pool),
  team: String(row.team),
  label: String(row.label),
  profileKey: row.profile_key === null ? null : String(row.profile_key),
  priority: Number(row.priority),
  submittedAt: Number(row.submitted_at),
  grantedAt: Number(row.granted_at),
  endedAt: Number(row.ended_at),
  end: String(row.end_reason) as UsageRecord['end'],
  expectedSeconds: numberOrNull(row.expected_seconds),
  devices: JSON.parse(String(row.devices)) as UsageRecord['devices'],
  cpuMilli: Number(row.cpu_milli),
  hostMemoryMib: Number(row.host_memory_mib),
});

export const toUse = (row: Row): LeaseUse => ({
  leaseId: String(row.lease_id),
  deviceId: String(row.device_id),
  since: Number(row.since),
  samples: Number(row.samples),
  utilization: Number(row.utilization),
  peakMib: numberOrNull(row.peak_mib),
});

// Postgres hands 64-bit integers over as text.
const numberOrNull = (value: unknown): number | null => (value === null ? null : Number(value));
