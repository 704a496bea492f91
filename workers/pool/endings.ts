import type { Logger } from '../../activities/platform/logging.ts';
import type { HostView } from '../../workflows/contracts/pool/messages.ts';
import { type Epoch, epochKey } from './epochKey.ts';
import type { HostWork } from './hostWork.ts';
import type { PoolServer } from './poolServer.ts';

export interface EndingsDeps {
  hostId: string;
  work: HostWork;
  server: Pick<PoolServer, 'signal'>;
  logger: Logger;
}

interface LeaseEnd {
  leaseId: string | null;
  epochs: readonly Epoch[];
}

/** Ends what is over, each once, and tells the pool that waits for it. */
export function createEndings({ hostId, work, server, logger }: EndingsDeps) {
  /** Under way or done, by epoch. */
  const ending = new Map<string, Promise<boolean>>();
  const told = new Set<string>();

  function end({ leaseId, epochs }: LeaseEnd, reason: string, message: string): Promise<boolean> {
    const [first] = epochs;
    if (first === undefined) return Promise.resolve(true);
    const known = epochs.map((epoch) => ending.get(epochKey(epoch)));
    if (known.every((promise) => promise !== undefined)) {
      return Promise.all(known).then((all) => all.every(Boolean));
    }
    const done = work.end({ leaseId, epochs }, { reason, message }).then(
      () => true,
      (error) => {
        logger.error({ leaseId, error: String(error) }, 'a lease could not be ended; trying again');
        for (const epoch of epochs) ending.delete(epochKey(epoch));
        return false;
      },
    );
    for (const epoch of epochs) ending.set(epochKey(epoch), done);
    return done;
  }

  async function clearOne(share: Epoch & { leaseId: string }): Promise<void> {
    const key = epochKey(share);
    if (told.has(key)) return;
    told.add(key);
    const { leaseId, deviceId, epoch } = share;
    const ended = await end({ leaseId, epochs: [share] }, 'over', 'its lease is over');
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
    end(lease: LeaseEnd, reason: string, message: string): void {
      void end(lease, reason, message);
    },
    /** Ends and reports what the pool waits for. */
    clear(view: HostView): void {
      for (const share of view.clearing) void clearOne(share);
      const named = new Set([
        ...view.clearing.map(epochKey),
        ...view.leases.flatMap(({ devices }) => devices.map(epochKey)),
      ]);
      for (const [key, done] of ending) {
        if (!named.has(key)) void done.then(() => ending.get(key) === done && ending.delete(key));
      }
    },
    async settled(): Promise<void> {
      await Promise.all(ending.values());
    },
  };
}
