import type { LinkType } from './pool/devices.ts';

/** One device within a lease. */
export interface LeasedDevice {
  deviceId: string;
  /** Queue of the worker that is bound to the device. */
  taskQueue: string;
  /** Host that has the device. */
  hostId: string;
  /** Grows with every grant of this device; never reused. */
  epoch: number;
  /** Epochs that may run on the device at this grant; one for a whole device, several when shared. */
  liveEpochs: number[];
  /** Part of the device's compute, thousandths; 1000 is the whole device. */
  milli: number;
  /** Part of the device's memory, MiB. */
  memoryMib: number;
}

/** The right to use devices until `expiresAt`. Every activity on a device carries it. */
export interface Lease {
  leaseId: string;
  /** The pool that lent it. */
  pool: string;
  team: string;
  /** Milliseconds since the Unix epoch, as the pool knew it at the grant; work renews it. */
  expiresAt: number;
  devices: LeasedDevice[];
}

/** Who holds, so that the lease of a holder that is gone can be taken back. */
export interface LeaseHolder {
  workflowId: string;
  runId: string;
}

/** What a workflow asks its pool for: whole devices, all of them or none. */
export interface GpuLeaseSpec {
  /** Path from organisation to user, such as `research/nlp/ann`. */
  team: string;
  /** Number of devices. */
  devices: number;
  /** `default` unless said otherwise. */
  pool?: string;
  /** The host whose devices are wanted; any unless said otherwise. */
  hostId?: string;
  /** −1000 to 1000, 0 unless said otherwise; the higher goes first within its team. */
  priority?: number;
  /** May be revoked with notice for somebody else's sake; false unless said otherwise. */
  preemptible?: boolean;
  /** The work may be begun again from its start: revoked, it waits for another lease by itself. */
  restartable?: boolean;
  /** How long it will hold, s, where known; lets it go ahead of a blocked larger request. */
  expectedSeconds?: number;
  /** After so long it is revoked, s. */
  maxSeconds?: number;
  /** Least size of each device, MiB. */
  memoryMib?: number;
  /** DeviceProvider's kind, such as `cuda`. */
  kind?: string;
  /** Models that will do, each by a part of its name. */
  models?: string[];
  /** Worst link that will do between any two of the devices. */
  link?: LinkType;
  /** Whether they may span the hosts of one NVLink domain. */
  spanHosts?: boolean;
  /** What it is for, in a few words; the workflow's id unless said otherwise. */
  label?: string;
  /** What past leases of the same work are found by, such as a model's contentDigest. */
  profileKey?: string;
}
