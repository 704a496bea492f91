import type { LeaseHolder } from '../lease.ts';
import type { LinkType } from './devices.ts';

/** What a lease is asked to hold. All devices of one lease are granted in one decision or not at all. */
export interface Resources {
  /** Number of devices, 1 or more; a gang when more than 1. */
  devices: number;
  /** Compute of each device, thousandths: 1 to 1000; below 1000 a fraction (`devices` is then 1). */
  milli: number;
  /** Memory wanted of each device, MiB: reserved for a fraction, the least size for a whole device. */
  memoryMib: number;
  /** MIG profile, such as `1g.10gb`; `devices` is then 1. null: no MIG instance. */
  migProfile: string | null;
  /** DeviceProvider's kind; null for any. */
  kind: string | null;
  /** Models that will do, each by exact name or by a part of it, without regard to case; empty for any. */
  models: string[];
  /** Hosts that will do; empty for any. */
  hosts: string[];
  /** Devices that will do, by id; empty for any. */
  deviceIds: string[];
  /** Worst link that will do between any two of the gang; null for any. `NV1`: any NVLink. */
  link: LinkType | null;
  /** Whether a gang may span the hosts of one NVLink domain. */
  spanHosts: boolean;
  /** Of the host, thousandths of a core, for the whole lease; a spanning gang splits it by devices. */
  cpuMilli: number;
  /** Of the host, MiB, for the whole lease; a spanning gang splits it by devices. */
  hostMemoryMib: number;
}

/** A request as its holder sends it. */
export interface LeaseRequest {
  /** Recognises a repeated request; unique per acquisition. */
  requestId: string;
  /** Path from organisation to user, such as `research/nlp/ann`. */
  team: string;
  /** −1000 to 1000; the higher goes first within its team. */
  priority: number;
  /** May be revoked with notice for somebody else's sake. */
  preemptible: boolean;
  /** Its holder starts again by itself: may be moved or shrunk, and is queued again when revoked. */
  restartable: boolean;
  resources: Resources;
  /** How long it will hold, s, where known; lets it go ahead of a blocked larger request. */
  expectedSeconds: number | null;
  /** After so long it is revoked, s. */
  maxSeconds: number | null;
  /** p95 of the holder's own latency that sharing must not break, ms. */
  latencyGoalMs: number | null;
  /** What it is for, in a few words, such as the command's name. */
  label: string;
  /** What past leases of the same work are found by (a model's contentDigest, a command); null for none. */
  profileKey: string | null;
  holder: LeaseHolder;
}

/** Whole devices without any other wish. */
export const wholeDevices = (devices: number): Resources => ({
  devices,
  milli: 1000,
  memoryMib: 0,
  migProfile: null,
  kind: null,
  models: [],
  hosts: [],
  deviceIds: [],
  link: null,
  spanHosts: false,
  cpuMilli: 0,
  hostMemoryMib: 0,
});
