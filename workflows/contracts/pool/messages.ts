import type { FailureType } from '../errors.ts';
import type { Lease, LeaseHolder } from '../lease.ts';
import type { HostReport } from './devices.ts';
import type { TeamsConfig } from './teams.ts';

/** Default pool. */
export const defaultPool = 'default';
export const poolNamePattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;
export const poolWorkflowId = (pool: string): string => `gpu-pool/${pool}`;
/** Workflow that holds the lease of one `berth run`. */
export const holdLeaseWorkflowId = (pool: string, requestId: string): string =>
  `lease/${pool}/${requestId}`;

/** Signals that the pool hears; payloads below. */
export const poolSignals = {
  /** LeaseRequest */
  request: 'requestLease',
  /** ReleaseMessage */
  release: 'releaseLease',
  /** WithdrawMessage */
  withdraw: 'withdrawRequest',
  /** HostReport */
  heartbeat: 'hostHeartbeat',
  /** ClearedMessage */
  cleared: 'deviceCleared',
  /** HolderGoneMessage */
  holderGone: 'holderGone',
  /** LatencyMessage */
  latency: 'reportLatency',
  /** OveruseMessage */
  overuse: 'reportOveruse',
  /** No payload: continue as new now, so that whoever runs the pool next has next to nothing to replay. */
  handOver: 'handOver',
} as const;

/** A run whose history is not longer has next to nothing to replay: it does not hand over. */
export const freshRunEvents = 12;

/** Updates: administration only; none of them waits. */
export const poolUpdates = {
  /** DrainInput → DrainResult */
  drain: 'drainDevice',
  /** TeamsConfig → {teams: number} */
  applyTeams: 'applyTeams',
  /** Partial<PoolConfig> → PoolConfig */
  configure: 'configurePool',
} as const;

export const poolQueries = {
  /** → PoolDescription */
  describe: 'describePool',
  /** requestId → Explanation */
  explain: 'explainRequest',
  /** WhatIfChange → WhatIfAnswer */
  whatIf: 'whatIf',
  /** hostId → HostView */
  hostView: 'hostView',
} as const;

/** Signals that a holder hears from the pool. */
export const holderSignals = {
  /** GrantMessage */
  granted: 'leaseGranted',
  /** RevokeMessage */
  revoked: 'leaseRevoked',
  /** RefuseMessage */
  refused: 'leaseRefused',
} as const;

export interface ReleaseMessage {
  leaseId: string;
  /** Devices whose worker has confirmed that nothing of the lease runs there any more. */
  cleared: { deviceId: string; epoch: number }[];
}

export interface WithdrawMessage {
  requestId: string;
}

/** Nothing runs under that epoch on that device any more, and nothing ever will. */
export interface ClearedMessage {
  hostId: string;
  deviceId: string;
  epoch: number;
}

/** The run that held, or waited for, leases has closed. */
export interface HolderGoneMessage {
  holder: LeaseHolder;
}

/** What a holder reports of its own latency through its lease file. */
export interface LatencyMessage {
  leaseId: string;
  p95Ms: number;
  /** Milliseconds since the Unix epoch. */
  at: number;
}

/** A lease uses more than its share: revoked. */
export interface OveruseMessage {
  leaseId: string;
  deviceId: string;
  usedMib: number;
}

export interface GrantMessage {
  requestId: string;
  lease: Lease;
}

export interface RevokeMessage {
  requestId: string;
  leaseId: string;
  reason: RevokeReason;
  /** One line for people. */
  message: string;
  /** Until then the holder may tidy up; null when the lease is over already. */
  graceUntil: number | null;
  /** The pool has queued the request again; another grant follows. */
  requeued: boolean;
}

export interface RefuseMessage {
  requestId: string;
  type: FailureType;
  message: string;
}

/**
 * Why a lease ends against its holder's will: `preempted` by priority, `reclaimed` for a team's quota,
 * `reserved` for a window, `moved` to make room, `max-time`, `drained`, `latency` of a neighbour,
 * `overuse` of its share, `host-lapsed`, `expired`.
 */
export type RevokeReason =
  | 'preempted'
  | 'reclaimed'
  | 'reserved'
  | 'moved'
  | 'max-time'
  | 'drained'
  | 'latency'
  | 'overuse'
  | 'host-lapsed'
  | 'expired';

export interface DrainInput {
  /** deviceId, label (when unambiguous) or hostId. */
  target: string;
  /** false takes the drain back. */
  drain: boolean;
  /** Revoke what holds it, with notice, instead of waiting for it to end. */
  revoke: boolean;
}

export interface DrainResult {
  devices: { deviceId: string; draining: boolean; leases: number }[];
}

/** What a host has to know of the pool: asked for every few seconds, costs no events. */
export interface HostView {
  pool: string;
  hostId: string;
  /** Sequence of the last report that the pool has taken in, of this generation; 0 for none. */
  generation: string;
  sequence: number;
  leases: HostLease[];
  /** Ended leases whose devices the pool waits for: end what runs, then report `deviceCleared`. */
  clearing: {
    deviceId: string;
    epoch: number;
    leaseId: string;
    /** Why the pool revoked the lease, if it did. */
    revoked?: { reason: string; message: string };
  }[];
}

/** A lease that has devices on the host. */
export interface HostLease {
  leaseId: string;
  requestId: string;
  team: string;
  trustDomain: string;
  holder: LeaseHolder;
  /** Milliseconds from the pool's last renewal until expiry. */
  lifeMs: number;
  expiresAt: number;
  revoking: { reason: RevokeReason; message: string; graceUntil: number } | null;
  latencyGoalMs: number | null;
  devices: { deviceId: string; epoch: number; milli: number; memoryMib: number }[];
}

/** What `gpuPoolWorkflow` is started with; `state` on continue-as-new only. */
export interface GpuPoolInput {
  pool: string;
  config?: Partial<PoolConfig>;
  teams?: TeamsConfig;
  report?: HostReport;
  /** The run hands over to a fresh one when its history is longer; for tests. */
  maxHistoryEvents?: number;
}

/** Times in milliseconds. */
export interface PoolConfig {
  heartbeatMs: number;
  /** A host that has been silent for so long is lost. */
  hostLapseMs: number;
  /** A lease lives so long after its grant and after each renewal. */
  leaseLifeMs: number;
  /** Between notice and the end of a revoked lease. */
  graceMs: number;
  /** A lease is not preempted, reclaimed or moved before it has run for so long. */
  minRunMs: number;
  /** Half-life of the usage that orders teams. */
  usageHalfLifeMs: number;
  /** A waiting request gains one point of priority per so long. */
  agingMs: number;
  /** Requests that may wait at a time; more are refused. */
  maxWaiting: number;
  /** Moves per request that fits nowhere (placement.md: K). */
  maxMoves: number;
  /** How long a request id is remembered after its lease has ended. */
  rememberMs: number;
  /** Shadow-price packing (placement): weight of GPU compute that a host's CPU cannot feed, %. */
  packCpuPercent: number;
  /** Weight of fragmentation, %. */
  packFragmentPercent: number;
  /** Weight of whole idle devices staying together on a host, %. */
  packSlotPercent: number;
  /** Weight of taking devices that few hosts can offer, %. */
  packContentionPercent: number;
  /** Shares below so many thousandths of a device have no price of their own. */
  packPriceFromMilli: number;
}

export const defaultPoolConfig: PoolConfig = {
  heartbeatMs: 20_000,
  hostLapseMs: 60_000,
  leaseLifeMs: 15 * 60_000,
  graceMs: 30_000,
  minRunMs: 60_000,
  usageHalfLifeMs: 24 * 3_600_000,
  agingMs: 10 * 60_000,
  maxWaiting: 2_000,
  maxMoves: 4,
  rememberMs: 10 * 60_000,
  packCpuPercent: 50,
  packFragmentPercent: 50,
  packSlotPercent: 30,
  packContentionPercent: 100,
  packPriceFromMilli: 200,
};
