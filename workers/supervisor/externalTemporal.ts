import type { Logger } from '../../activities/platform/logging.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { TemporalTarget } from '../temporal/connection.ts';
import { connectWhenHealthy } from '../temporal/namespace.ts';
import { ensureSearchAttributes } from '../temporal/searchAttributes.ts';
import type { TemporalStatus } from './stackFile.ts';

/**
 * Checks a server that somebody else runs and prepares what Berth needs there.
 * @throws BerthError StackUnavailable when it does not answer within `timeoutMs`
 */
export async function prepareExternalTemporal(
  target: TemporalTarget,
  logger: Logger,
  timeoutMs = 30_000,
): Promise<TemporalStatus> {
  const address = target.connectionOptions.address ?? 'localhost:7233';
  const patience = AbortSignal.timeout(timeoutMs);
  const connection = await connectWhenHealthy(target, patience).catch((error) => {
    const reason = patience.aborted
      ? `no answer within ${timeoutMs / 1000} seconds`
      : String(error instanceof Error ? error.message : error).split('\n')[0];
    throw berthError(
      'StackUnavailable',
      `Temporal at ${address}, namespace ${target.namespace}: ${reason}; check TEMPORAL_ADDRESS and the profile`,
    );
  });
  try {
    await ensureSearchAttributes(connection, target.namespace).catch((error) =>
      logger.warn(
        { error: String(error) },
        'search attributes could not be created; jobs run without them',
      ),
    );
  } finally {
    await connection.close();
  }
  return { embedded: false, address, namespace: target.namespace, uiUrl: null, ports: null };
}
