import type { UsageRecord } from '../../workflows/contracts/pool/usage.ts';

/** What was seen of one device while a lease held it. */
export interface LeaseUse {
  leaseId: string;
  deviceId: string;
  /** When whoever watched began to; ms since the Unix epoch. One who starts again begins anew. */
  since: number;
  /** Looks so far. */
  samples: number;
  /** Mean busy share of the device, 0 to 1; sharers of a device are not told apart. */
  utilization: number;
  /** Most memory of the device that the lease used, MiB; null where it could not be told. */
  peakMib: number | null;
}

/** Which leases; what is absent does not narrow. */
export interface UsageFilter {
  pool?: string;
  /** A team and everything below it. */
  team?: string;
  /** Leases that ended after it, ms since the Unix epoch. */
  since?: number;
  profileKey?: string;
  /** The latest ended ones, at most so many. */
  limit?: number;
}

/** Where ended leases are kept for good: one database of a host, or of all hosts. */
export interface UsageStore {
  /** Keeps each lease once, by leaseId, however often and by how many at a time it is handed over. */
  record(records: readonly UsageRecord[]): Promise<void>;
  /** Replaces what was kept for the same lease, device and `since`: totals so far, not differences. */
  recordUse(uses: readonly LeaseUse[]): Promise<void>;
  /** By end, the earliest first. */
  leases(filter?: UsageFilter): Promise<UsageRecord[]>;
  /** What was seen of the leases that the filter lets through. */
  uses(filter?: UsageFilter): Promise<LeaseUse[]>;
  close(): Promise<void>;
}
