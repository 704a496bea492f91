import type { DeviceRecord } from '../../activities/devices/deviceRecords.ts';
import type { Fence } from '../../activities/devices/fence.ts';
import type { Lease } from '../../workflows/contracts/lease.ts';
import type { DeviceShare, DeviceSharing, PreparedShare } from '../devices/deviceSharing.ts';
import { combineShares } from '../devices/sharing/combineShares.ts';

/** A device of this host that can be lent to commands. */
export interface LendableDevice {
  record: DeviceRecord;
  fence: Fence;
  sharing: DeviceSharing;
}

/** Cores of each part, by deviceId, such as `0-3`; null for all. */
export type CoresByDevice = Readonly<Record<string, string | null>>;

export interface PreparedShares {
  /** Of all parts together: how the command is started. */
  combined: PreparedShare;
  cores: CoresByDevice;
}

/** One command's parts of this host's devices. */
export interface Shares {
  /**
   * Admits the lease's epochs and sets its parts up.
   * @throws BerthError LeaseFenced, NoDeviceFree, StackUnavailable
   */
  prepare(): Promise<PreparedShares>;
  /** Takes up parts that an earlier supervisor prepared. */
  adopt(cores: CoresByDevice): void;
  /** @throws BerthError LeaseFenced when an epoch is no longer live */
  admit(): Promise<void>;
  /** MiB that `pids` use, of parts that are used beyond what was lent. */
  overuse(pids: readonly number[]): Promise<{ deviceId: string; usedMib: number }[]>;
  /** MiB that `pids` use of one part; null where it cannot be told. */
  usedMib(deviceId: string, pids: readonly number[]): Promise<number | null>;
  quiesce(pids: readonly number[]): Promise<void>;
  /** From now on the epochs are over. */
  retire(): Promise<void>;
  clear(): Promise<void>;
}

/** Sampled values waver: this much above the share is none. */
const tolerance = 1.05;

/** Names a device of the lease that is not among `devices`; undefined when all are. */
export function foreignDevice(
  lease: Lease,
  devices: ReadonlyMap<string, LendableDevice>,
): Lease['devices'][number] | undefined {
  return lease.devices.find(({ deviceId }) => !devices.has(deviceId));
}

/** Of the lease's devices, those that this host has. */
export function createShares(
  lease: Lease,
  trustDomain: string,
  devices: ReadonlyMap<string, LendableDevice>,
): Shares {
  const parts = lease.devices.flatMap(({ deviceId, epoch, milli, memoryMib }) => {
    const device = devices.get(deviceId);
    if (device === undefined) return [];
    const share: DeviceShare = { leaseId: lease.leaseId, epoch, milli, memoryMib, trustDomain };
    return [{ ...device, share }];
  });
  const onEach = async (run: (part: (typeof parts)[number]) => Promise<unknown>) => {
    await Promise.all(parts.map(run));
  };

  return {
    async prepare() {
      await onEach(({ fence }) => fence.admit(lease));
      const prepared = [];
      // One after the other: what failed at the second device must not be preparing the third.
      for (const { record, sharing, share } of parts) {
        prepared.push({ device: record, share: await sharing.prepare(record, share) });
      }
      const cores = prepared.map(({ device, share }) => [device.deviceId, share.cores] as const);
      return { combined: combineShares(prepared), cores: Object.fromEntries(cores) };
    },
    adopt(cores) {
      for (const { record, sharing, share } of parts) {
        const own = cores[record.deviceId];
        if (own !== undefined) sharing.adopt?.(record, share, { cores: own });
      }
    },
    admit: () => onEach(({ fence }) => fence.admit(lease)),
    async overuse(pids) {
      const found = await Promise.all(
        parts.map(async ({ record, sharing, share }) => {
          if (share.milli >= 1000 || share.memoryMib <= 0) return [];
          const usedMib = await sharing.usedMib(record, share, pids);
          const over = usedMib !== null && usedMib > share.memoryMib * tolerance;
          return over ? [{ deviceId: record.deviceId, usedMib }] : [];
        }),
      );
      return found.flat();
    },
    async usedMib(deviceId, pids) {
      const part = parts.find(({ record }) => record.deviceId === deviceId);
      return part === undefined ? null : part.sharing.usedMib(part.record, part.share, pids);
    },
    quiesce: (pids) => onEach(({ record, sharing, share }) => sharing.quiesce(record, share, pids)),
    retire: () => onEach(({ fence, share }) => fence.retireEpoch(share.epoch)),
    clear: () => onEach(({ record, sharing, share }) => sharing.clear(record, share)),
  };
}
