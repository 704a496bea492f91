import type { LeaseHolder } from '../../contracts/lease.ts';
import type { GrantMessage, RefuseMessage, RevokeMessage } from '../../contracts/pool/messages.ts';
import { clearDevice } from '../../scheduling/events/clearDevice.ts';
import { dropHolder } from '../../scheduling/events/dropHolder.ts';
import { leaseOf } from '../../scheduling/leaseOf.ts';
import type { Decision } from '../../scheduling/state.ts';
import { leaseGrantedSignal, leaseRefusedSignal, leaseRevokedSignal } from '../poolMessages.ts';
import type { Outbox } from './outbox.ts';
import type { PoolRun } from './poolRun.ts';

type Addressed<T> = T & { holder: LeaseHolder };

/** What the pool says to holders. One that cannot be reached loses all that it holds and asked for. */
export interface HolderMessages {
  tellDecision(decision: Decision): void;
  tellGrant(grant: { leaseId: string; requestId: string; holder: LeaseHolder }): void;
  tellRefusal(refusal: Addressed<RefuseMessage>): void;
}

export function createHolderMessages(run: PoolRun, outbox: Outbox): HolderMessages {
  const drop = (holder: LeaseHolder): void => {
    run.state = dropHolder(run.state, { holder }, Date.now());
    run.dirty = true;
  };

  const tellGrant: HolderMessages['tellGrant'] = ({ leaseId, requestId, holder }) => {
    const message = (): GrantMessage | undefined => {
      const lease = leaseOf(run.state, leaseId);
      return lease && { requestId, lease };
    };
    outbox.send(requestId, holder, leaseGrantedSignal, message, () => {
      const lost = leaseOf(run.state, leaseId);
      drop(holder);
      // Nobody ever heard of this lease, so nothing can run under it.
      for (const { hostId, deviceId, epoch } of lost?.devices ?? []) {
        run.state = clearDevice(run.state, { hostId, deviceId, epoch }, Date.now());
      }
    });
  };

  const tellRevocation = ({ holder, ...message }: Addressed<RevokeMessage>): void => {
    outbox.send(
      message.requestId,
      holder,
      leaseRevokedSignal,
      () => message,
      () => drop(holder),
    );
  };

  const tellRefusal = ({ holder, requestId, type, message }: Addressed<RefuseMessage>): void => {
    const refusal = { requestId, type, message };
    outbox.send(
      requestId,
      holder,
      leaseRefusedSignal,
      () => refusal,
      () => drop(holder),
    );
  };

  return {
    tellGrant,
    tellRefusal,
    tellDecision({ grants, revocations, expiries, refusals }) {
      // The end of a lease first: a request that was queued again may be granted in the same decision.
      for (const expiry of expiries) tellRevocation({ ...expiry, graceUntil: null });
      for (const revocation of revocations) tellRevocation(revocation);
      for (const grant of grants) tellGrant(grant);
      for (const refusal of refusals) tellRefusal(refusal);
    },
  };
}
