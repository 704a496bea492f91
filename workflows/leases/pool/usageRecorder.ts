import { log, proxyActivities } from '@temporalio/workflow';
import type { HostActivities } from '../../contracts/activities.ts';
import { hostTaskQueue } from '../../contracts/ids.ts';
import type { UsageRecord } from '../../contracts/pool/usage.ts';
import type { PoolRun } from './poolRun.ts';
import { usageBatch } from './usageBatch.ts';

/** Recorded at once when so many leases have ended, … */
const batchWorthwhile = 100;
/** … or when the first of them has waited for so long, ms. */
const batchDelayMs = 5_000;
/** Before a host that failed to record is asked again, ms. */
const retryDelayMs = 10_000;

export interface UsageRecorder {
  /** Hands a batch of ended leases to a host's database when one is due; one at a time. */
  recordDue(now: number): void;
  /** When a batch is due next; null for never, as things are. */
  dueAt(): number | null;
}

/** Records stay in the state until a host has acknowledged them: recording is idempotent by leaseId. */
export function createUsageRecorder(run: PoolRun): UsageRecorder {
  let inFlight = false;
  let notBefore = 0;
  let failedHost: string | undefined;

  const dueAt = (): number | null => {
    const { unrecorded } = run.state;
    const oldest = unrecorded[0];
    if (inFlight || oldest === undefined || chooseHost(run, oldest, failedHost) === undefined) {
      return null;
    }
    const full = unrecorded.length >= batchWorthwhile;
    return Math.max(notBefore, full ? 0 : oldest.endedAt + batchDelayMs);
  };

  const record = async (batch: UsageRecord[], hostId: string): Promise<void> => {
    try {
      await usageActivities(hostId, batch.length).recordUsage(batch);
      failedHost = undefined;
      const done = new Set(batch.map(({ leaseId }) => leaseId));
      const unrecorded = run.state.unrecorded.filter(({ leaseId }) => !done.has(leaseId));
      run.state = { ...run.state, unrecorded };
    } catch (error) {
      log.warn('leases that ended were not recorded yet', { hostId, error: String(error) });
      failedHost = hostId;
      notBefore = Date.now() + retryDelayMs;
    } finally {
      inFlight = false;
      run.dirty = true;
    }
  };

  return {
    dueAt,
    recordDue(now) {
      const due = dueAt();
      if (due === null || due > now) return;
      const batch = usageBatch(run.state.unrecorded);
      const hostId = batch[0] && chooseHost(run, batch[0], failedHost);
      if (hostId === undefined) return;
      inFlight = true;
      void record(batch, hostId);
    },
  };
}

/** The host of the lease, else another live one; the one that failed last only when it is alone. */
function chooseHost(run: PoolRun, record: UsageRecord, failed?: string): string | undefined {
  const live = Object.values(run.state.hosts)
    .filter((host) => !host.lapsed)
    .map((host) => host.hostId);
  const better = live.filter((hostId) => hostId !== failed);
  const candidates = better.length > 0 ? better : live;
  const own = record.devices[0]?.hostId;
  return own !== undefined && candidates.includes(own) ? own : candidates[0];
}

function usageActivities(hostId: string, leases: number): Pick<HostActivities, 'recordUsage'> {
  return proxyActivities<HostActivities>({
    taskQueue: hostTaskQueue(hostId),
    scheduleToStartTimeout: '30 seconds',
    startToCloseTimeout: '1 minute',
    summary: `record ${leases} ended lease${leases === 1 ? '' : 's'}`,
    retry: { initialInterval: '1 second', maximumAttempts: 3 },
  });
}
