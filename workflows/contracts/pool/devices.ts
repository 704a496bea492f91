/**
 * How two devices of a host reach each other, as a cell of `nvidia-smi topo -m`: `NV<n>` for n
 * bonded NVLinks, then PIX (one PCIe switch), PXB (several), PHB (the host bridge), NODE (one NUMA
 * node), SYS (between NUMA nodes). A pair that is not listed has an unknown link, worse than SYS.
 */
export type LinkType = `NV${number}` | 'PIX' | 'PXB' | 'PHB' | 'NODE' | 'SYS';

/** What the pool knows of a device: resources and links, never its kind's particulars. */
export interface PoolDevice {
  /** GPU or MIG UUID, else `<hostId>.cpu<n>`. */
  deviceId: string;
  hostId: string;
  taskQueue: string;
  /** Name of the DeviceProvider, such as `cuda` or `cpu`. */
  kind: string;
  /** Short name for people, such as `cuda0`. */
  label: string;
  /** Such as `NVIDIA H100 80GB HBM3`. */
  model: string;
  memoryMib: number;
  /** Leases that may share it at a time; 1 when it can only be lent whole. 48 under MPS (CUDA ≤ 13.0). */
  maxShares: number;
  /** A MIG instance: its profile, such as `1g.10gb`, and the GPU that it is part of. Never in a gang. */
  mig: { profile: string; parentDeviceId: string } | null;
  /** By deviceId of the other end, as this device sees it; the other side may see it otherwise. */
  links: Record<string, LinkType>;
  /** NVLink domain that spans hosts (nvmlGpuFabricInfo); null when there is none. */
  fabric: { clusterUuid: string; cliqueId: number } | null;
}

/** What a host's heartbeat says, about every `heartbeatMs`. */
export interface HostReport {
  hostId: string;
  /** Random, new with each start of the supervisor. */
  generation: string;
  /** Grows with each report of one generation. */
  sequence: number;
  cpuMilli: number;
  memoryMib: number;
  devices: PoolDevice[];
  /** Epochs at work: an activity, a bridge or a command runs under them. Renews their leases. */
  working: { deviceId: string; epoch: number }[];
  /**
   * Highest epoch that each device's fence has seen, by deviceId: a pool that does not know of it (a
   * new one, a device that changed pools) grants only higher ones. Absent: 0.
   */
  epochs?: Record<string, number>;
  /** The host is going down: nothing new is to be granted there. */
  draining: boolean;
}
