import type { FailureType } from '../errors.ts';
import type { Lease } from '../lease.ts';
import type { RevokeMessage } from './messages.ts';
import type { LeaseRequest } from './requests.ts';

/** Input of `holdLeaseWorkflow`, one per `berth run`: it holds a lease on behalf of a command. */
export interface HoldLeaseInput {
  pool: string;
  request: Omit<LeaseRequest, 'holder'>;
}

export const holdSignals = {
  /** FinishHoldMessage: the command has ended, or its runner is gone. */
  finish: 'finishHold',
} as const;

export const holdQueries = {
  /** → HoldLeaseState */
  state: 'holdState',
} as const;

export interface FinishHoldMessage {
  /** Of the lease that ended; another one, granted since, is given back as well. */
  leaseId: string | null;
  /** Why, in a few words, such as `exit code 0` or `berth run was killed`. */
  reason: string;
  cleared: { deviceId: string; epoch: number }[];
  /** The command starts again under the next grant: only this lease is given back, early. */
  again?: boolean;
}

export interface HoldLeaseState {
  phase: 'waiting' | 'held' | 'revoking' | 'ended';
  lease: Lease | null;
  /** The last revocation; it may lie behind a new grant. */
  revoke: RevokeMessage | null;
  refused: { type: FailureType; message: string } | null;
  /** Grants so far: more than 1 after a restart. */
  grants: number;
}

export interface HoldLeaseResult {
  requestId: string;
  grants: number;
  /** Seconds under leases, all grants together. */
  heldSeconds: number;
  waitedSeconds: number;
  reason: string;
}
