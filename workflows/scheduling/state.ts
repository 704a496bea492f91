import type { LeaseHolder } from '../contracts/lease.ts';
import type { PoolDevice } from '../contracts/pool/devices.ts';
import type { PoolConfig, RevokeReason } from '../contracts/pool/messages.ts';
import type { LeaseRequest } from '../contracts/pool/requests.ts';
import type { ResourceVector, TeamsConfig } from '../contracts/pool/teams.ts';
import type { UsageRecord } from '../contracts/pool/usage.ts';

/**
 * Everything that the pool remembers: plain JSON (records, arrays, numbers, strings, null), so that
 * continue-as-new carries it. Times are milliseconds since the Unix epoch, from the workflow's clock.
 */
export interface PoolState {
  version: 1;
  pool: string;
  config: PoolConfig;
  teams: TeamsConfig;
  hosts: Record<string, HostState>;
  devices: Record<string, DeviceState>;
  /** Highest epoch that each device was ever lent under; outlives the device's presence. */
  epochs: Record<string, number>;
  leases: Record<string, HeldLease>;
  waiting: Record<string, WaitingRequest>;
  /** Decayed past use by team path, every level of it. */
  usage: Record<string, DecayedUsage>;
  /** Requests that are over, oldest first: a late duplicate is recognised by `rememberMs`. */
  recent: { requestId: string; at: number }[];
  /** Shapes of past requests, the typical workload that placement.md's T is made of; the most frequent first. */
  typical: TypicalTask[];
  /** Ended leases that are not recorded yet. */
  unrecorded: UsageRecord[];
  /** Digest of the devices, hosts and teams that the waiting requests were last found possible with. */
  inventory?: number;
  /** When `schedule` ran last; 0 before the first time. */
  tickAt: number;
  /** When it was to run next at the latest; null when nothing was due. */
  dueAt: number | null;
  totals: { granted: number; released: number; revoked: number; expired: number; refused: number };
}

export interface HostState {
  hostId: string;
  generation: string;
  /** Generations before it, the latest first, so that a late report of one is not taken for a restart. */
  formerGenerations?: string[];
  sequence: number;
  cpuMilli: number;
  memoryMib: number;
  lastHeartbeatAt: number;
  draining: boolean;
  /** Silent for longer than `hostLapseMs`: its leases are over, nothing is granted there. */
  lapsed: boolean;
}

export interface DeviceState extends PoolDevice {
  draining: boolean;
  /** Shares of ended leases that the device's worker or supervisor has not cleared yet. */
  clearing: ClearingShare[];
  /** The host's last report no longer names it; it goes when nothing holds it. */
  missing: boolean;
}

export interface ClearingShare {
  leaseId: string;
  epoch: number;
  milli: number;
  memoryMib: number;
  since: number;
  /** Why the lease was revoked, if it was. */
  revoked?: Ended;
}

/** Why a lease was ended, in a word and a line for people. */
export interface Ended {
  reason: string;
  message: string;
}

export interface HeldLease {
  /** `requestId`, from its second grant on `requestId.2`, … */
  leaseId: string;
  request: LeaseRequest;
  submittedAt: number;
  /** Grants of this request so far, this one included. */
  grants: number;
  grantedAt: number;
  renewedAt: number;
  expiresAt: number;
  devices: { deviceId: string; epoch: number; milli: number; memoryMib: number }[];
  hosts: { hostId: string; cpuMilli: number; memoryMib: number }[];
  revoking: Revoking | null;
  /** An event (a drain, an overuse) wants it revoked: the next `schedule` gives notice. */
  asked?: { reason: RevokeReason; message: string };
  /** Last p95 that the holder reported, ms. */
  latency: { p95Ms: number; at: number } | null;
  /** When a neighbour was last revoked for the sake of its latency goal. */
  relievedAt?: number;
  /** As in WaitingRequest. */
  tookFrom?: string[];
}

export interface Revoking {
  reason: RevokeReason;
  message: string;
  /** Then the lease is over, whether its holder has released it or not. */
  graceUntil: number;
  /** Queued again when it ends, as its holder restarts by itself. */
  requeue: boolean;
  /** Resources to queue again with, where they differ (a lower share). */
  shrinkTo: { milli: number; memoryMib: number } | null;
  /** Of a move: the new place, kept for it as a promise; it becomes `promised` when it is queued again. */
  movedTo?: Placement;
}

export interface WaitingRequest {
  request: LeaseRequest;
  submittedAt: number;
  grants: number;
  /** Order of arrival among equal times. */
  serial: number;
  /** Devices that are being emptied for it; nobody else gets them. Gangs are still granted at once. */
  promised: Placement | null;
  /** leaseIds that are being revoked for it. */
  victims: string[];
  /** Granted moves or why it was queued again, for `explain`; null on first submission. */
  requeuedFor: RevokeReason | null;
  /** Since when it has been the first in turn that fits nowhere; kept while others come first again. */
  blockedSince?: number;
  /** Requests whose leases were reclaimed for it: their priority does not take it back. */
  tookFrom?: string[];
}

export interface DecayedUsage {
  vector: ResourceVector;
  /** When it was last decayed. */
  at: number;
}

/** One shape of request and how often it was asked for. */
export interface TypicalTask {
  cpuMilli: number;
  memoryMib: number;
  devices: number;
  milli: number;
  models: string[];
  count: number;
}

/** Where a request goes. */
export interface Placement {
  devices: { deviceId: string; milli: number; memoryMib: number }[];
  hosts: { hostId: string; cpuMilli: number; memoryMib: number }[];
  /** Worst link between two of its devices; null for one device or when unknown. */
  worstLink: string | null;
  /** Of the policy, the higher the better; comparable between candidates of one request only. */
  score: number;
}

/** What one decision decided. */
export interface Decision {
  state: PoolState;
  grants: Grant[];
  revocations: Revocation[];
  /** Leases that are over without their holder having released them. */
  expiries: Expiry[];
  /** Requests that became impossible (the only fitting device is gone, a limit was lowered). */
  refusals: {
    requestId: string;
    holder: LeaseHolder;
    type: 'NoSuchDevice' | 'InvalidRequest';
    message: string;
  }[];
}

export interface Grant {
  leaseId: string;
  requestId: string;
  holder: LeaseHolder;
}

export interface Revocation {
  leaseId: string;
  requestId: string;
  holder: LeaseHolder;
  reason: RevokeReason;
  message: string;
  graceUntil: number;
  requeued: boolean;
}

export interface Expiry {
  leaseId: string;
  requestId: string;
  holder: LeaseHolder;
  reason: RevokeReason;
  message: string;
  requeued: boolean;
}
