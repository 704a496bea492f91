import type { HoldLeaseResult, HoldLeaseState } from '../../contracts/pool/hold.ts';
import type { Claim } from '../leaseInbox.ts';

/** What `holdLeaseWorkflow` knows of its lease, and how long it waited and held. */
export interface Hold {
  state(): HoldLeaseState;
  /** Takes in what the claim has heard. `now`: ms since the Unix epoch. */
  update(now: number): void;
  /** The command has ended under its lease but starts again under the next. */
  waitAgain(now: number): void;
  end(now: number): void;
  /** Nothing more comes from the pool: refused, or taken back for good. */
  isOver(): boolean;
  result(reason: string): HoldLeaseResult;
}

/** Pure apart from the claim, whose grants it takes up. */
export function createHold(claim: Claim, startedAt: number): Hold {
  let state: HoldLeaseState = {
    phase: 'waiting',
    lease: null,
    revoke: null,
    refused: null,
    grants: 0,
  };
  let countedAt = startedAt;
  let heldMs = 0;
  let waitedMs = 0;

  const become = (now: number, changes: Partial<HoldLeaseState>): void => {
    if (state.lease !== null) heldMs += now - countedAt;
    else if (state.phase === 'waiting') waitedMs += now - countedAt;
    countedAt = now;
    state = { ...state, ...changes };
  };

  return {
    state: () => state,
    update(now) {
      for (const lease of claim.granted.splice(0)) {
        become(now, { phase: 'held', lease, grants: state.grants + 1 });
      }
      const revoke = state.lease && claim.revoked[state.lease.leaseId];
      if (revoke && revoke.graceUntil === null) {
        become(now, { phase: revoke.requeued ? 'waiting' : 'ended', lease: null, revoke });
      } else if (revoke) {
        become(now, { phase: 'revoking', revoke });
      }
      if (claim.refused !== null) {
        const { type, message } = claim.refused;
        become(now, { phase: 'ended', refused: { type, message } });
      }
    },
    waitAgain: (now) => become(now, { phase: 'waiting', lease: null }),
    end: (now) => become(now, { phase: 'ended', lease: null }),
    isOver: () => state.phase === 'ended',
    result: (reason) => ({
      requestId: claim.requestId,
      grants: state.grants,
      heldSeconds: heldMs / 1000,
      waitedSeconds: waitedMs / 1000,
      reason,
    }),
  };
}
