import type { DeviceRecord } from '../../activities/devices/deviceRecords.ts';

/** One lease's part of one device of this host. */
export interface DeviceShare {
  leaseId: string;
  epoch: number;
  /** Thousandths of its compute; 1000: the whole device. */
  milli: number;
  memoryMib: number;
  /** Leases of different trust domains never share a device. */
  trustDomain: string;
}

/** How a command has to be started to stay within its share. */
export interface PreparedShare {
  env: Record<string, string>;
  /** Cores to bind to, such as `0-3`; null for all. */
  cores: string | null;
  /** RLIMIT_DATA, bytes; null for none. */
  dataLimitBytes: number | null;
  /** cgroup v2 folder to enter; null for none. */
  cgroup: string | null;
}

/**
 * What one kind of device does to lend itself to commands, whole and in parts. The supervisor calls
 * it: `prepare` before the command starts, `usedMib` every few seconds, `quiesce` before any signal
 * that kills, `clear` after the last process is gone. One file a kind.
 */
export interface DeviceSharing {
  readonly kind: string;
  /** @throws BerthError NoDeviceFree (client limit), StackUnavailable (MPS cannot serve) */
  prepare(device: DeviceRecord, share: DeviceShare): Promise<PreparedShare>;
  /**
   * Takes up a share that an earlier supervisor prepared and that is in use still. Absent where the
   * kind keeps no books of its own.
   */
  adopt?(device: DeviceRecord, share: DeviceShare, prepared: Pick<PreparedShare, 'cores'>): void;
  /** Memory of the device that `pids` use together, MiB; null where it cannot be told. */
  usedMib(
    device: DeviceRecord,
    share: DeviceShare,
    pids: readonly number[],
  ): Promise<number | null>;
  /** Stops the work of `pids` on the device, so that a signal cannot harm its neighbours (MPS terminate_client). */
  quiesce(device: DeviceRecord, share: DeviceShare, pids: readonly number[]): Promise<void>;
  /** Gives the share's own resources back (cgroup, MPS daemon without clients). Idempotent. */
  clear(device: DeviceRecord, share: DeviceShare): Promise<void>;
  /** Ends whatever it started; the supervisor is going down. */
  close(): Promise<void>;
}
