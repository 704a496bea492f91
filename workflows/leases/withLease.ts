import { CancellationScope, isCancellation, uuid4 } from '@temporalio/workflow';
import { failure } from '../contracts/errors.ts';
import type { GpuLeaseSpec, Lease, LeasedDevice } from '../contracts/lease.ts';
import { defaultPool, type RevokeMessage } from '../contracts/pool/messages.ts';
import { type Claim, leaseInbox } from './leaseInbox.ts';
import { leaseRequest } from './leaseRequest.ts';
import { leaseWasLost } from './leaseWasLost.ts';
import { releaseLease, requestLease, withdrawRequest } from './poolClient.ts';
import { waitForLease } from './waitForLease.ts';

/** While a request waits. */
export interface LeaseWait {
  pool: string;
  /** What `berth pool why` takes. */
  requestId: string;
  /** Why the last lease of this request was taken back; null the first time. */
  revoked: RevokeMessage | null;
}

export interface WithLeaseOptions {
  /** Ends what runs on a leased device. @returns whether nothing runs there any more, for certain */
  clear(lease: Lease, device: LeasedDevice): Promise<boolean>;
  onWaiting?(wait: LeaseWait): void;
}

/** The protocol of a lease's holder; `withGpuLease` says what it means. */
export async function withLease<T>(
  spec: GpuLeaseSpec,
  fn: (lease: Lease) => Promise<T>,
  { clear, onWaiting }: WithLeaseOptions,
): Promise<T> {
  const pool = spec.pool ?? defaultPool;
  const inbox = leaseInbox();
  const claim = inbox.open(uuid4());
  const { requestId } = claim;
  const request = leaseRequest(spec, requestId);
  let waits = true;
  let revoked: RevokeMessage | null = null;
  try {
    onWaiting?.({ pool, requestId, revoked });
    await requestLease(pool, request);
    for (;;) {
      const lease = await waitForLease(pool, request, claim);
      waits = false;
      try {
        return await underLease(claim, lease, fn, clear);
      } catch (error) {
        revoked = claim.revoked[lease.leaseId] ?? null;
        if (revoked === null || !wasTakenAway(error)) throw error;
        if (!revoked.requeued) throw leaseRevoked(revoked);
      } finally {
        // The pool has queued it again by itself, whatever became of the work.
        waits = claim.revoked[lease.leaseId]?.requeued ?? false;
      }
      onWaiting?.({ pool, requestId, revoked });
    }
  } finally {
    inbox.close(claim);
    if (waits) await withdrawRequest(pool, requestId);
  }
}

/** Runs `fn` in a scope that a revocation cancels, and gives the devices back. */
async function underLease<T>(
  claim: Claim,
  lease: Lease,
  fn: (lease: Lease) => Promise<T>,
  clear: WithLeaseOptions['clear'],
): Promise<T> {
  const scope = new CancellationScope();
  const cancelWhenRevoked = () => {
    if (claim.revoked[lease.leaseId] !== undefined) scope.cancel();
  };
  claim.onNews = cancelWhenRevoked;
  try {
    return await scope.run(async () => {
      cancelWhenRevoked();
      return fn(lease);
    });
  } finally {
    claim.onNews = () => {};
    await CancellationScope.nonCancellable(() => giveBack(claim, lease, clear));
  }
}

/** A device counts as free only once nothing of the lease runs there, so clearing comes first. */
async function giveBack(claim: Claim, lease: Lease, clear: WithLeaseOptions['clear']) {
  // Over already: the hosts end what is left, and tell the pool.
  if (claim.revoked[lease.leaseId]?.graceUntil === null) return;
  const confirmed = await Promise.all(lease.devices.map((device) => clear(lease, device)));
  const cleared = lease.devices
    .filter((_, index) => confirmed[index])
    .map(({ deviceId, epoch }) => ({ deviceId, epoch }));
  await releaseLease(lease.pool, { leaseId: lease.leaseId, cleared });
}

/** A cancellation from outside stays one, and so does whatever else made the work fail. */
function wasTakenAway(error: unknown): boolean {
  if (CancellationScope.current().consideredCancelled) return false;
  return isCancellation(error) || leaseWasLost(error);
}

const leaseRevoked = ({ leaseId, reason, message }: RevokeMessage) =>
  failure('LeaseRevoked', `lease ${leaseId} was taken back (${reason}): ${message}`);
