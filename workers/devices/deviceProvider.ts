import type { DeviceRecord } from '../../activities/devices/deviceRecords.ts';

/** How a device's worker has to be started so that it, and all it starts, uses that device only. */
export interface DeviceBinding {
  /** Program and arguments put before the worker's command. */
  prefix: string[];
  /** Added to the worker's environment. */
  env: Record<string, string>;
}

/** Load of a device at one moment. */
export interface DeviceSample {
  /** 0 to 1, since the sample before (the first: since boot), or at present where only that is known. */
  utilization: number;
  memoryUsedBytes: number;
}

/**
 * One kind of device. Another kind (NPU, QPU, …) is one file with these functions, and its line in
 * discoverDevices.ts.
 */
export interface DeviceProvider {
  readonly kind: string;
  /** Devices of this host, best first; none when the kind is absent. */
  discover(): Promise<DeviceRecord[]>;
  bind(device: DeviceRecord): DeviceBinding;
  sample(device: DeviceRecord): Promise<DeviceSample>;
}
