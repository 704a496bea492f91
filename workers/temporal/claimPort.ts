import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { berthError } from '../../workflows/contracts/errors.ts';
import { tryProcessLock, wasAbandoned } from '../supervisor/processLock.ts';
import { ensureSharedFolder } from '../supervisor/sharedFolder.ts';

/** One fixed folder for all users and all BERTH_HOMEs of the machine, whatever TMPDIR says. */
const machineLocks = '/tmp/berth-port-locks';
const dyingMs = 3_000;

export interface ClaimedPort {
  port: number;
  release(): Promise<void>;
}

export interface ClaimOptions {
  /** What this stack had when it ran before: taken again where that can be, with its clients. */
  previous?: number | undefined;
  folder?: string | undefined;
  /** Whose it is, for the message. */
  what?: string;
}

/**
 * Takes the first free port, and keeps other stacks from it for as long as this process lives: a
 * server that died must not find another stack's in its place when it comes back, nor its workers.
 * Ports of crashed stacks, which may come back for them, are the last choice of others.
 * @throws BerthError StackUnavailable when none is free
 */
export async function claimPort(
  host: string,
  ports: readonly number[],
  { previous, folder = machineLocks, what = 'the Temporal server' }: ClaimOptions = {},
): Promise<ClaimedPort> {
  await ensureSharedFolder(folder);
  const lockOf = (port: number): string => join(folder, `${port}.lock`);
  const others = ports.filter((port) => port !== previous);
  // Of another user's lock it may not be seen; the port then counts as taken below.
  const isAbandoned = (port: number) => wasAbandoned(lockOf(port)).catch(() => false);
  const left = await Promise.all(others.map(isAbandoned));
  const candidates = [
    ...(previous === undefined ? [] : [previous]),
    ...others.filter((_, index) => !left[index]),
    ...others.filter((_, index) => left[index]),
  ];
  for (const port of candidates) {
    const isOwn = port === previous && (await isAbandoned(port));
    // A stale lock of another user cannot be replaced: then the port counts as taken.
    const attempt = await tryProcessLock(lockOf(port)).catch(() => undefined);
    if (attempt === undefined || 'holder' in attempt) continue;
    if ((await isFree(host, port)) || (isOwn && (await becomesFree(host, port)))) {
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

/** The server of a stack that was killed may still be dying. */
async function becomesFree(host: string, port: number): Promise<boolean> {
  const giveUpAt = performance.now() + dyingMs;
  while (performance.now() < giveUpAt) {
    await delay(100);
    if (await isFree(host, port)) return true;
  }
  return false;
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
