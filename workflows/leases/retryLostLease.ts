import { leaseWasLost, leaseWasRevoked } from './leaseWasLost.ts';

/** Leases lost in a row, without progress between them, before the job gives up. */
const maxLostLeases = 5;

/**
 * Runs work that takes a lease of its own, and again under another one when the lease was lost:
 * hours of finished work must not be thrown away because a device worker was restarted. What the
 * pool takes back for somebody else's sake is no fault of the job's, however often.
 * @param options `progress`: grows when an attempt got somewhere; `onLost`: before the next attempt
 */
export async function retryLostLease<T>(
  attempt: () => Promise<T>,
  { progress = () => 0, onLost }: { progress?: () => number; onLost: () => void },
): Promise<T> {
  for (let lost = 0; ; ) {
    const before = progress();
    try {
      return await attempt();
    } catch (error) {
      if (!leaseWasLost(error)) throw error;
      if (!leaseWasRevoked(error)) lost = progress() > before ? 1 : lost + 1;
      if (lost >= maxLostLeases) throw error;
      onLost();
    }
  }
}
