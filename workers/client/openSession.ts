import { dirname } from 'node:path';
import { Connection } from '@temporalio/client';
import { spaceOf } from '../../activities/artifacts/plaintext/sharedMemory.ts';
import type { Paths } from '../../activities/platform/paths.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import { readStack, requireStack, waitUntilReady } from '../supervisor/stack.ts';
import { resolveTarget } from '../temporal/connection.ts';
import { createClient } from '../temporal/createClient.ts';
import type { Session } from './session.ts';

const connectTimeoutMs = 10_000;

/** The database grows by pages of 4 KiB, its log by a few of them at once. */
const serverNeedsBytes = 64 * 1024;

/**
 * Connects to the server of the stack that runs in a BERTH_HOME.
 * @throws BerthError StackUnavailable when none runs or its server does not answer
 */
export async function openSession(
  paths: Paths,
  env: NodeJS.ProcessEnv,
  notify: (line: string) => void,
): Promise<Session> {
  const running = await requireStack(paths);
  const stack = running.state === 'starting' ? await waitUntilReady(paths) : running;
  const { namespace, connectionOptions } = await resolveTarget(paths, env);
  const connection = await connectServer(connectionOptions, paths.home);
  const { address } = connectionOptions;
  // TEMPORAL_ADDRESS may write the same server's otherwise.
  const recorded = stack.temporal?.address === address ? address : undefined;
  return {
    client: createClient(connection, namespace),
    hostId: stack.hostId,
    namespace,
    webUi: stack.temporal?.uiUrl ?? undefined,
    outage: () => findOutage(paths, recorded),
    notify,
    close: () => connection.close(),
  };
}

/**
 * An embedded server that cannot write answers nobody, though its process runs; nor does one hear of
 * it where it is no longer.
 * @param recorded Its address when it was connected to.
 */
async function findOutage(paths: Paths, recorded?: string): Promise<string | undefined> {
  const current = await readStack(paths);
  if (current === undefined) {
    return `the Berth stack in ${paths.home} has stopped: run berth up, and the job goes on`;
  }
  if (!current.temporal?.embedded) return undefined;
  if (recorded !== undefined && current.temporal.address !== recorded) {
    return `the Berth stack in ${paths.home} was started again at another address, ${current.temporal.address}: ask again, the job goes on`;
  }
  const { freeBytes } = await spaceOf(dirname(paths.temporalDatabase));
  return freeBytes < serverNeedsBytes
    ? `the disk of ${paths.temporalDatabase} is full, so the server stands still: free some, and the job goes on`
    : undefined;
}

async function connectServer(
  options: Parameters<typeof Connection.connect>[0],
  home: string,
): Promise<Connection> {
  try {
    return await Connection.connect({ ...options, connectTimeout: connectTimeoutMs });
  } catch (error) {
    const reason = String(error instanceof Error ? error.message : error).split('\n')[0];
    throw berthError(
      'StackUnavailable',
      `the Temporal server ${options?.address ?? ''} of the stack in ${home} does not answer (${reason}); berth status shows the stack`,
    );
  }
}
