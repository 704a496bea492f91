import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { berthError } from '../../workflows/contracts/errors.ts';
import { tryProcessLock } from '../supervisor/processLock.ts';
import { ensureSharedFolder } from '../supervisor/sharedFolder.ts';

/** One fixed folder for all users and all BERTH_HOMEs of the machine, whatever TMPDIR says. */
const machineLocks = '/tmp/berth-port-locks';

export interface ClaimedPort {
  port: number;
  release(): Promise<void>;
}

/**
 * Takes the first free port, and keeps other stacks from it for as long as this process lives: a
 * server that died must not find another stack's in its place when it comes back, nor its workers.
 * @throws BerthError StackUnavailable when none is free
 */
export async function claimPort(
  host: string,
  candidates: readonly number[],
  folder: string = machineLocks,
  /** Whose it is, for the message. */
  what = 'the Temporal server',
): Promise<ClaimedPort> {
  await ensureSharedFolder(folder);
  for (const port of candidates) {
    // A stale lock of another user cannot be replaced: then the port counts as taken.
    const attempt = await tryProcessLock(join(folder, `${port}.lock`)).catch(() => undefined);
    if (attempt === undefined || 'holder' in attempt) continue;
    if (await isFree(host, port)) {
      return { port, release: () => attempt.lock.release() };
    }
    await attempt.lock.release();
  }
  const [first, last] = [Math.min(...candidates), Math.max(...candidates)];
  throw berthError(
    'StackUnavailable',
    `no port from ${first} to ${last} on ${host} is free for ${what}; stop what holds them`,
  );
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ host, port });
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
