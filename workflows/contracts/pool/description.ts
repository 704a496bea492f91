import type { PoolConfig, RevokeReason } from './messages.ts';
import type { LeaseRequest, Resources } from './requests.ts';
import type { Reservation, ResourceVector } from './teams.ts';

/** Answer of `describePool`: what people and scripts see of a pool. Times are ms since the Unix epoch. */
export interface PoolDescription {
  pool: string;
  at: number;
  hosts: {
    hostId: string;
    state: 'live' | 'draining' | 'lapsed';
    lastHeartbeatAt: number;
    cpuMilli: number;
    freeCpuMilli: number;
    memoryMib: number;
    freeMemoryMib: number;
  }[];
  devices: DeviceDescription[];
  leases: LeaseDescription[];
  queue: WaitingDescription[];
  teams: {
    team: string;
    quota: Partial<ResourceVector>;
    limit: Partial<ResourceVector>;
    weight: number;
    used: ResourceVector;
    /** Weighted dominant share of what it uses now, 0 to 1. */
    share: number;
    /** Decayed past use, dominant-share hours. */
    decayedUse: number;
    waiting: number;
  }[];
  config: PoolConfig;
  /** Of the teams file. */
  reservations: Reservation[];
  /** Money per device and hour by a part of a device model's name, from the teams file. */
  prices: Record<string, number>;
  /** ISO 4217, of `prices`. */
  currency: string;
  totals: { granted: number; released: number; revoked: number; expired: number; refused: number };
}

export interface DeviceDescription {
  deviceId: string;
  label: string;
  hostId: string;
  kind: string;
  model: string;
  memoryMib: number;
  freeMilli: number;
  freeMemoryMib: number;
  state: 'free' | 'shared' | 'lent' | 'clearing' | 'draining' | 'reserved' | 'lapsed';
  /** leaseIds */
  holders: string[];
}

export interface LeaseDescription {
  leaseId: string;
  requestId: string;
  team: string;
  label: string;
  holder: { workflowId: string; runId: string };
  priority: number;
  grantedAt: number;
  expiresAt: number;
  revoking: RevokeReason | null;
  devices: { deviceId: string; epoch: number; milli: number; memoryMib: number }[];
  /** Worst link within the gang; null for one device or when unknown. */
  worstLink: string | null;
}

export interface WaitingDescription {
  requestId: string;
  team: string;
  label: string;
  /** Workflow run that waits. */
  holder: { workflowId: string; runId: string };
  priority: number;
  resources: Resources;
  submittedAt: number;
  /** From 1. */
  position: number;
}

/** A reason why a request waits, with its numbers. */
export type WaitReason =
  | {
      token: 'ahead-in-queue';
      position: number;
      ahead: { requestId: string; team: string; label: string }[];
    }
  | {
      token: 'team-limit';
      team: string;
      resource: keyof ResourceVector;
      limit: number;
      used: number;
      wanted: number;
    }
  | {
      token: 'over-quota';
      team: string;
      quota: number;
      used: number;
      share: number;
      smallestShare: number;
    }
  | {
      token: 'busy';
      freeDevices: number;
      wanted: number;
      heldBy: { team: string; devices: number }[];
    }
  | {
      token: 'fragmented';
      freeMilli: number;
      freeDevices: number;
      wanted: number;
      best: { hostId: string; devices: number; milli: number; memoryMib: number };
    }
  | { token: 'no-such-model'; models: string[]; present: string[] }
  | { token: 'memory'; wantedMib: number; largestFreeMib: number }
  | { token: 'host-resources'; resource: 'cpu' | 'memory'; wanted: number; largestFree: number }
  | { token: 'links'; wanted: string; best: string | null; largestGroup: number }
  | { token: 'shares-full'; maxShares: number; deviceId: string }
  | { token: 'trust'; team: string; domains: string[] }
  | { token: 'reserved'; reservationId: string; team: string; until: number; devices: number }
  | { token: 'draining'; devices: number }
  | { token: 'clearing'; devices: number }
  | { token: 'host-lapsed'; hosts: number; devices: number }
  | { token: 'waiting-for-victims'; leases: string[]; until: number }
  /** null: nobody knows when. */
  | { token: 'backfill-refused'; endsAt: number | null; neededAt: number | null; by: string }
  | { token: 'estimated-start'; at: number };

export interface Explanation {
  requestId: string;
  state: 'waiting' | 'granted' | 'unknown';
  /** From 1; null when it does not wait. */
  position: number | null;
  reasons: WaitReason[];
  /** The reasons as one line for people. */
  text: string;
  /** ms since the Unix epoch, where the durations of what is ahead are known. */
  estimatedStart: number | null;
}

/** A change to try out: what is absent stays as it is. */
export interface WhatIfChange {
  /** A request to ask about; else every waiting one is. */
  request?: Omit<LeaseRequest, 'holder'>;
  requestId?: string;
  /** Devices that come, like an existing one (`like`, a deviceId or model), or go. */
  addDevices?: { like: string; count: number };
  removeDevices?: string[];
  undrain?: string[];
  /** Leases that end. */
  release?: string[];
  priority?: { requestId: string; priority: number };
}

export interface WhatIfAnswer {
  /** Of the request asked about; null when none was. */
  wouldStart: boolean | null;
  devices: string[];
  /** Waiting requests that would start. */
  started: string[];
  /** Leases that would be revoked for it. */
  revoked: string[];
  /** Why not, when it would not. */
  explanation: Explanation | null;
}
