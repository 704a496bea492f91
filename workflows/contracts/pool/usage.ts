import type { RevokeReason } from './messages.ts';

/** One ended lease, recorded exactly once; times in ms since the Unix epoch. */
export interface UsageRecord {
  /** Primary key. */
  leaseId: string;
  requestId: string;
  pool: string;
  team: string;
  label: string;
  profileKey: string | null;
  priority: number;
  submittedAt: number;
  grantedAt: number;
  endedAt: number;
  end: 'released' | 'holder-gone' | RevokeReason;
  expectedSeconds: number | null;
  devices: { deviceId: string; hostId: string; model: string; milli: number; memoryMib: number }[];
  cpuMilli: number;
  hostMemoryMib: number;
}
