import type { Logger } from '../../activities/platform/logging.ts';
import type { HostView } from '../../workflows/contracts/pool/messages.ts';
import { epochKey } from './epochKey.ts';
import type { Ending, HostWork, LeaseEnd } from './hostWork.ts';
import type { PoolServer } from './poolServer.ts';

export interface EndingsDeps {
  hostId: string;
  work: HostWork;
  server: Pick<PoolServer, 'signal'>;
  logger: Logger;
}

type ClearingShare = HostView['clearing'][number];

export const leaseOver: Ending = { reason: 'over', message: 'its lease is over' };

/** Ends what is over, each once, and tells the pool that waits for it. */
export function createEndings({ hostId, work, server, logger }: EndingsDeps) {
  /** Under way or done, by epoch. */
  const ending = new Map<string, { done: Promise<boolean>; withNotice: boolean }>();
  const told = new Set<string>();

  function end({ leaseId, epochs }: LeaseEnd, why: Ending, withNotice: boolean): Promise<boolean> {
    const [first] = epochs;
    if (first === undefined) return Promise.resolve(true);
    const known = epochs.map((epoch) => ending.get(epochKey(epoch)));
    const isHastened = !withNotice && known.some((one) => one?.withNotice);
    if (!isHastened && known.every((one) => one !== undefined)) {
      return Promise.all(known.map(({ done }) => done)).then((all) => all.every(Boolean));
    }
    const done = work.end({ leaseId, epochs }, why, withNotice).then(
      () => true,
      (error) => {
        logger.error({ leaseId, error: String(error) }, 'a lease could not be ended; trying again');
        for (const epoch of epochs) ending.delete(epochKey(epoch));
        return false;
      },
    );
    for (const epoch of epochs) ending.set(epochKey(epoch), { done, withNotice });
    return done;
  }

  async function clearOne(share: ClearingShare): Promise<void> {
    const key = epochKey(share);
    if (told.has(key)) return;
    told.add(key);
    const { leaseId, deviceId, epoch, revoked } = share;
    const ended = await end({ leaseId, epochs: [share] }, revoked ?? leaseOver, true);
    try {
      if (!ended) throw new Error('it still runs');
      await server.signal('cleared', { hostId, deviceId, epoch });
      logger.info({ deviceId, epoch, leaseId }, 'device cleared');
    } catch (error) {
      logger.warn({ deviceId, epoch, error: String(error) }, 'clearing not reported yet');
    } finally {
      // Seen in a later view again, it is reported again.
      told.delete(key);
    }
  }

  return {
    /** At once: somebody else may have the devices soon. */
    end(lease: LeaseEnd, why: Ending): void {
      void end(lease, why, false);
    },
    /** Ends and reports what the pool waits for. */
    clear(view: HostView): void {
      for (const share of view.clearing) void clearOne(share);
      const named = new Set([
        ...view.clearing.map(epochKey),
        ...view.leases.flatMap(({ devices }) => devices.map(epochKey)),
      ]);
      for (const [key, one] of ending) {
        if (named.has(key)) continue;
        void one.done.then(() => ending.get(key) === one && ending.delete(key));
      }
    },
    async settled(): Promise<void> {
      await Promise.all([...ending.values()].map(({ done }) => done));
    },
  };
}
