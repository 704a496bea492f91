import { setTimeout as delay } from 'node:timers/promises';
import { Connection, isGrpcServiceError } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import type { TemporalTarget } from './connection.ts';

const retention = '30 days';

/** gRPC codes of a server that is not up yet. */
const notYet = new Set([
  4, // DEADLINE_EXCEEDED
  5, // NOT_FOUND: the namespace is being made
  14, // UNAVAILABLE
]);

/**
 * Connects as soon as the server answers for the namespace. gRPC waits for the port itself, trying
 * again at short intervals.
 * @param signal ends the attempts, for instance when the server's process has died
 */
export async function connectWhenHealthy(
  target: TemporalTarget,
  signal: AbortSignal,
): Promise<Connection> {
  const connection = Connection.lazy({
    ...target.connectionOptions,
    channelArgs: {
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 500,
    },
  });
  try {
    for (;;) {
      signal.throwIfAborted();
      if (await answers(connection, target.namespace)) return connection;
      await delay(50, undefined, { signal });
    }
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function answers(connection: Connection, namespace: string): Promise<boolean> {
  try {
    await connection.withDeadline(Date.now() + 5_000, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
    return true;
  } catch (error) {
    if (isGrpcServiceError(error) && notYet.has(error.code)) return false;
    throw error;
  }
}

/** Keeps finished workflows for 30 days on the embedded server; its default is one. */
export async function setRetention(connection: Connection, namespace: string): Promise<void> {
  await connection.workflowService.updateNamespace({
    namespace,
    config: { workflowExecutionRetentionTtl: msToTs(retention) },
  });
}
