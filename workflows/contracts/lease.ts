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

/** What a holder asks the host's static allocator for. */
export interface LeaseSpec {
  requestId: string;
  team: string;
  /** Whole devices wanted. */
  devices: number;
  /** The host whose devices are wanted. */
  hostId: string;
}
