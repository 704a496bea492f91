import { Client, Connection } from '@temporalio/client';
import type { Paths } from '../../activities/platform/paths.ts';
import { requireStack } from '../../workers/supervisor/stack.ts';

/** A Temporal client of a running stack's own server. */
export async function stackClient(paths: Paths) {
  const { temporal } = await requireStack(paths);
  const connection = await Connection.connect({ address: temporal?.address });
  const client = new Client({ connection, namespace: temporal?.namespace });
  return { client, close: () => connection.close() };
}
