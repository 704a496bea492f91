import type { UsageRecord } from '../../contracts/pool/usage.ts';
import { jsonBytes } from '../../scheduling/jsonBytes.ts';

const mostRecords = 500;
/** Of JSON: the server takes 2 MiB as an activity's input, and a gang's record alone may have 150 kB. */
const mostBytes = 1_000_000;

/** The oldest records, as many as one activity takes; at least one where there is any. */
export function usageBatch(unrecorded: readonly UsageRecord[]): UsageRecord[] {
  let bytes = 0;
  let count = 0;
  for (const record of unrecorded.slice(0, mostRecords)) {
    bytes += jsonBytes(record);
    if (count > 0 && bytes > mostBytes) break;
    count += 1;
  }
  return unrecorded.slice(0, count);
}
