import {
  CancellationScope,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  type SignalDefinition,
  sleep,
} from '@temporalio/workflow';
import { failure } from '../contracts/errors.ts';
import { poolWorkflowId, type ReleaseMessage } from '../contracts/pool/messages.ts';
import type { LeaseRequest } from '../contracts/pool/requests.ts';
import { releaseLeaseSignal, requestLeaseSignal, withdrawRequestSignal } from './poolMessages.ts';

/** A stack that is coming up starts its pool within seconds: waits before asking again, ms. */
const absentPoolWaits = [1_000, 2_000, 4_000, 8_000, 15_000];

/**
 * Asks a pool for a lease; also again, as the pool knows a request by its id.
 * @throws ApplicationFailure StackUnavailable when no such pool runs
 */
export async function requestLease(pool: string, request: LeaseRequest): Promise<void> {
  const handle = getExternalWorkflowHandle(poolWorkflowId(pool));
  for (const wait of [...absentPoolWaits, null]) {
    try {
      await handle.signal(requestLeaseSignal, request);
      return;
    } catch (error) {
      if (isCancellation(error)) throw error;
      if (wait === null) break;
      await sleep(wait);
    }
  }
  const message = `pool ${pool} is not running: start a host that lends its devices there (berth up, BERTH_POOL=${pool}), or name another pool`;
  throw failure('StackUnavailable', message);
}

/** Asks again while the request waits, for the case that the pool was lost; what is wrong then shows. */
export async function repeatRequest(pool: string, request: LeaseRequest): Promise<void> {
  await tell(pool, requestLeaseSignal, request);
}

export const releaseLease = (pool: string, message: ReleaseMessage): Promise<void> =>
  tell(pool, releaseLeaseSignal, message);

export const withdrawRequest = (pool: string, requestId: string): Promise<void> =>
  tell(pool, withdrawRequestSignal, { requestId });

/** A pool that is gone lends nothing any more, so there is nothing to be said to it. */
async function tell<T>(pool: string, signal: SignalDefinition<[T]>, message: T): Promise<void> {
  try {
    await CancellationScope.nonCancellable(() =>
      getExternalWorkflowHandle(poolWorkflowId(pool)).signal(signal, message),
    );
  } catch (error) {
    log.warn('the pool was not told', { pool, signal: signal.name, error: String(error) });
  }
}
