import pLimit from 'p-limit';
import type { Logger } from '../../activities/platform/logging.ts';
import type { HostView } from '../../workflows/contracts/pool/messages.ts';
import type { PoolServer } from './poolServer.ts';

export interface HolderWatchDeps {
  server: Pick<PoolServer, 'isHolderOpen' | 'signal'>;
  /** One look a lease at most in this time, ms. */
  everyMs: number;
  clock(): number;
  logger: Logger;
}

const lookedAtOnce = 4;

/** Looks whether the runs that hold this host's leases are still open, and tells the pool when not. */
export function createHolderWatch({ server, everyMs, clock, logger }: HolderWatchDeps) {
  const checkedAt = new Map<string, number>();
  const inTurn = pLimit(lookedAtOnce);

  return {
    look(view: HostView): void {
      const held = new Set(view.leases.map(({ leaseId }) => leaseId));
      for (const leaseId of checkedAt.keys()) if (!held.has(leaseId)) checkedAt.delete(leaseId);
      for (const { leaseId, holder } of view.leases) {
        if (clock() - (checkedAt.get(leaseId) ?? -Infinity) < everyMs) continue;
        checkedAt.set(leaseId, clock());
        inTurn(async () => {
          if (await server.isHolderOpen(holder)) return;
          logger.info({ leaseId, holder: holder.workflowId }, 'the holder of a lease has closed');
          await server.signal('holderGone', { holder });
        }).catch((error) => logger.debug({ leaseId, error: String(error) }, 'holder not checked'));
      }
    },
  };
}
