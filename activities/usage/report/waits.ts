import type { UsageRecord } from '../../../workflows/contracts/pool/usage.ts';

/**
 * How long each lease was waited for, ms, by leaseId. A request that is lent to again keeps its first
 * submission time, so from its second lease on the wait begins where the one before ended.
 */
export function waitsOf(records: readonly UsageRecord[]): Map<string, number> {
  const waits = new Map<string, number>();
  const endOfLast = new Map<string, number>();
  for (const record of records.toSorted((a, b) => a.grantedAt - b.grantedAt)) {
    const from = Math.max(record.submittedAt, endOfLast.get(record.requestId) ?? 0);
    waits.set(record.leaseId, Math.max(0, record.grantedAt - from));
    endOfLast.set(record.requestId, record.endedAt);
  }
  return waits;
}
