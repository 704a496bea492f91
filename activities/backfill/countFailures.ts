import type { FailureCounts } from '../../workflows/contracts/backfill/pages.ts';
import type { RecordFailure } from '../sources/recordSource.ts';

export function countFailures(failures: readonly RecordFailure[]): FailureCounts {
  const counts: FailureCounts = {};
  for (const { kind } of failures) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
