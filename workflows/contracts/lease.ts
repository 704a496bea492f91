/** One device within a lease. */
export interface LeasedDevice {
  deviceId: string;
  /** Queue of the worker that is bound to the device. */
  taskQueue: string;
  /** Grows with every grant of this device; never reused. */
  epoch: number;
  /** Epochs that may run on the device at this grant; one for a whole device, several when shared. */
  liveEpochs: number[];
}

/** The right to use devices until `expiresAt`. Every activity on a device carries it. */
export interface Lease {
  leaseId: string;
  team: string;
  /** Milliseconds since the Unix epoch. */
  expiresAt: number;
  devices: LeasedDevice[];
}

/** What a holder asks for. */
export interface LeaseSpec {
  /** Recognises a repeated request; unique per acquisition. */
  requestId: string;
  team: string;
  /** Whole devices wanted. */
  devices: number;
  /** The host whose devices are wanted. */
  hostId: string;
}

/** Who holds, so that the lease of a holder that is gone can be taken back. */
export interface LeaseHolder {
  workflowId: string;
  runId: string;
}
