import type { UsageRecord } from '../../../workflows/contracts/pool/usage.ts';

/** An ended lease of a whole device; `parts` say what matters to a test. */
export function usageRecord(leaseId: string, parts: Partial<UsageRecord> = {}): UsageRecord {
  return {
    leaseId,
    requestId: leaseId,
    pool: 'default',
    team: 'nlp',
    label: 'train.py',
    profileKey: null,
    priority: 0,
    submittedAt: 1_000,
    grantedAt: 2_000,
    endedAt: 3_000,
    end: 'released',
    expectedSeconds: null,
    devices: [{ deviceId: 'd0', hostId: 'h', model: 'H100', milli: 1000, memoryMib: 10 }],
    cpuMilli: 0,
    hostMemoryMib: 0,
    ...parts,
  };
}
