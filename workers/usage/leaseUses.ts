import type { LeaseUse } from '../../activities/usage/usageStore.ts';

/** One look at a device on a lease's behalf. */
export interface Look {
  leaseId: string;
  deviceId: string;
  /** 0 to 1 */
  utilization: number;
  /** What the lease uses of the device's memory; null where it cannot be told. */
  usedMib: number | null;
}

export interface LeaseUses {
  add(look: Look): void;
  /** Totals so far of whatever was looked at since the last call. */
  takeChanged(): LeaseUse[];
  /** Forgets leases that are over, once their totals were taken. */
  keepOnly(leaseIds: ReadonlySet<string>): void;
}

/** Adds looks up, so that a lease takes one row a device however long it lasts. */
export function createLeaseUses(now: () => number): LeaseUses {
  const uses = new Map<string, LeaseUse>();
  const changed = new Set<string>();
  return {
    add({ leaseId, deviceId, utilization, usedMib }) {
      const key = JSON.stringify([leaseId, deviceId]);
      const before = uses.get(key) ?? {
        ...{ leaseId, deviceId, since: now(), samples: 0, utilization: 0, peakMib: null },
      };
      const samples = before.samples + 1;
      const peakMib = usedMib === null ? before.peakMib : Math.max(usedMib, before.peakMib ?? 0);
      const mean = before.utilization + (utilization - before.utilization) / samples;
      uses.set(key, { ...before, samples, utilization: mean, peakMib });
      changed.add(key);
    },
    takeChanged() {
      const taken = [...changed].flatMap((key) => uses.get(key) ?? []);
      changed.clear();
      return taken;
    },
    keepOnly(leaseIds) {
      for (const [key, { leaseId }] of uses) {
        if (!leaseIds.has(leaseId) && !changed.has(key)) uses.delete(key);
      }
    },
  };
}
