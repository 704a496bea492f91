import {
  CancellationScope,
  getExternalWorkflowHandle,
  log,
  setHandler,
} from '@temporalio/workflow';
import type { Lease } from '../contracts/lease.ts';
import {
  type GrantMessage,
  poolWorkflowId,
  type RefuseMessage,
  type RevokeMessage,
} from '../contracts/pool/messages.ts';
import {
  leaseGrantedSignal,
  leaseRefusedSignal,
  leaseRevokedSignal,
  releaseLeaseSignal,
} from './poolMessages.ts';

/** What one request of this workflow has heard from the pool. */
export interface Claim {
  requestId: string;
  /** Grants that nobody has taken up yet, oldest first. */
  granted: Lease[];
  /** The last word about each lease that is being, or has been, taken back; by leaseId. */
  revoked: Record<string, RevokeMessage>;
  refused: RefuseMessage | null;
  /** After something was heard. */
  onNews(): void;
}

export interface LeaseInbox {
  open(requestId: string): Claim;
  /** Grants that are still there, and those that come later, go back to the pool unused. */
  close(claim: Claim): void;
}

/** By the root scope of a run: module state outlives a run where workflows share their modules. */
const inboxes = new WeakMap<CancellationScope, LeaseInbox>();

/** The inbox of the running workflow; its signal handlers are registered once a run. */
export function leaseInbox(): LeaseInbox {
  let root = CancellationScope.current();
  while (root.parent !== undefined) root = root.parent;
  const existing = inboxes.get(root);
  if (existing !== undefined) return existing;
  const created = createInbox();
  inboxes.set(root, created);
  return created;
}

function createInbox(): LeaseInbox {
  const claims = new Map<string, Claim>();
  const seen = new Set<string>();

  const takeGrant = ({ requestId, lease }: GrantMessage): void => {
    // The pool repeats a grant when the request was repeated. A pool that has lost its memory counts
    // a request's grants from the first again, but never the epochs of a device.
    const grant = JSON.stringify([lease.leaseId, lease.devices.map(({ epoch }) => epoch)]);
    if (seen.has(grant)) return;
    seen.add(grant);
    const claim = claims.get(requestId);
    if (claim === undefined) {
      void giveBackUnused(lease);
      return;
    }
    delete claim.revoked[lease.leaseId];
    claim.granted.push(lease);
    claim.onNews();
  };

  setHandler(leaseGrantedSignal, takeGrant);
  setHandler(leaseRevokedSignal, (message) => {
    const claim = claims.get(message.requestId);
    if (claim === undefined) return;
    claim.revoked[message.leaseId] = message;
    claim.onNews();
  });
  setHandler(leaseRefusedSignal, (message) => {
    const claim = claims.get(message.requestId);
    if (claim === undefined) return;
    claim.refused = message;
    claim.onNews();
  });

  return {
    open(requestId) {
      const claim = { requestId, granted: [], revoked: {}, refused: null, onNews: () => {} };
      claims.set(requestId, claim);
      return claim;
    },
    close(claim) {
      claims.delete(claim.requestId);
      for (const lease of claim.granted.splice(0)) void giveBackUnused(lease);
    },
  };
}

/** Nothing ever ran under it, so its devices are clear. */
async function giveBackUnused(lease: Lease): Promise<void> {
  const cleared = lease.devices.map(({ deviceId, epoch }) => ({ deviceId, epoch }));
  try {
    await CancellationScope.nonCancellable(() =>
      getExternalWorkflowHandle(poolWorkflowId(lease.pool)).signal(releaseLeaseSignal, {
        leaseId: lease.leaseId,
        cleared,
      }),
    );
  } catch (error) {
    log.warn('an unused lease was not given back; it expires', {
      leaseId: lease.leaseId,
      error: String(error),
    });
  }
}
