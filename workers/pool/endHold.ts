import type { Logger } from '../../activities/platform/logging.ts';
import { holdLeaseWorkflowId } from '../../workflows/contracts/pool/messages.ts';
import type { HoldRecord } from '../commands/holdRecord.ts';
import type { PoolLink } from './poolLink.ts';

/**
 * Ends the hold of a `berth run` that is gone, whichever run of the workflow it is by now. Nothing
 * when it has ended before.
 */
export async function endHold(
  links: readonly PoolLink[],
  { pool, requestId }: HoldRecord,
  logger: Logger,
): Promise<void> {
  // All links lead to the same server.
  const link = links.find((one) => one.pool === pool) ?? links[0];
  if (link === undefined) {
    logger.warn({ requestId, pool }, 'no pool lends devices of this host: a hold is left alone');
    return;
  }
  const holder = { workflowId: holdLeaseWorkflowId(pool, requestId), runId: '' };
  const reason = 'berth run was killed';
  await link.server.finishHold(holder, { leaseId: null, reason, cleared: [] });
}
