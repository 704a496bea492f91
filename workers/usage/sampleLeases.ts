import type { Logger } from '../../activities/platform/logging.ts';
import type { LeaseUse } from '../../activities/usage/usageStore.ts';
import type { DeviceSample } from '../devices/deviceProvider.ts';
import { pause } from '../pool/retrying.ts';
import { createLeaseUses } from './leaseUses.ts';

/** A lease and its devices on this host. */
export interface SampledLease {
  leaseId: string;
  deviceIds: string[];
}

export interface SampleLeasesDeps {
  /** Of all pools; rejects while they cannot be asked. */
  leases(): Promise<SampledLease[]>;
  sample(deviceId: string): Promise<DeviceSample>;
  /** What the lease's own processes use of the device, MiB; null where it cannot be told. */
  usedMib(leaseId: string, deviceId: string): Promise<number | null>;
  record(uses: LeaseUse[]): Promise<void>;
  everyMs?: number;
  /** Looks between two writes. */
  looksAWrite?: number;
  logger: Logger;
}

/**
 * Looks at leased devices every few seconds and keeps how busy they were, and how much memory leases
 * used at most. A database that is away loses nothing but what a restart then forgets. Resolves when
 * `signal` aborts, after a last write.
 */
export async function sampleLeases(deps: SampleLeasesDeps, signal: AbortSignal): Promise<void> {
  const { everyMs = 15_000, looksAWrite = 4, logger } = deps;
  const uses = createLeaseUses(Date.now);
  let sampledBefore = new Set<string>();
  let pending: LeaseUse[] = [];
  let failing = false;

  async function look(): Promise<boolean> {
    const leases = await deps.leases();
    const samples = new Map<string, DeviceSample>();
    for (const deviceId of new Set(leases.flatMap(({ deviceIds }) => deviceIds))) {
      samples.set(deviceId, await deps.sample(deviceId));
    }
    for (const { leaseId, deviceIds } of leases) {
      for (const deviceId of deviceIds) {
        const sample = samples.get(deviceId);
        // The first look covers the time before the lease, too: it only begins the count.
        if (sample === undefined || !sampledBefore.has(`${leaseId} ${deviceId}`)) continue;
        const usedMib = await deps.usedMib(leaseId, deviceId);
        uses.add({ leaseId, deviceId, utilization: sample.utilization, usedMib });
      }
    }
    const now = leases.flatMap(({ leaseId, deviceIds }) => deviceIds.map((d) => `${leaseId} ${d}`));
    const ended = [...sampledBefore].some((key) => !now.includes(key));
    sampledBefore = new Set(now);
    return ended;
  }

  async function write(): Promise<void> {
    pending = latest([...pending, ...uses.takeChanged()]);
    uses.keepOnly(new Set([...sampledBefore].map((key) => key.split(' ')[0] ?? '')));
    if (pending.length === 0) return;
    await deps.record(pending);
    pending = [];
  }

  async function attempt<T>(run: () => Promise<T>, what: string): Promise<T | undefined> {
    try {
      const result = await run();
      failing = false;
      return result;
    } catch (error) {
      if (!failing) logger.warn({ error: String(error) }, what);
      failing = true;
      return undefined;
    }
  }

  for (let looks = 1; !signal.aborted; looks += 1) {
    const ended = await attempt(look, 'leased devices cannot be looked at');
    if (ended === true || looks % looksAWrite === 0) await attempt(write, 'use is not recorded');
    await pause(everyMs, signal);
  }
  await attempt(write, 'use is not recorded');
}

/** Totals that were not written yet are replaced by later ones of the same. */
function latest(uses: readonly LeaseUse[]): LeaseUse[] {
  const byKey = new Map(
    uses.map((use) => [JSON.stringify([use.leaseId, use.deviceId, use.since]), use]),
  );
  return [...byKey.values()];
}
