import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lock } from 'proper-lockfile';
import { berthError } from '../../workflows/contracts/errors.ts';

export interface HeldLock {
  /** Throws when the lock was lost while held (the machine slept, its folder was deleted). */
  assertHeld(): void;
}

/** A holder that is gone is noticed after this long; proper-lockfile takes nothing shorter. */
const staleMs = 5_000;
const pollMs = 50;

/** Tail of the queue of this process, by lock path: asking the file system is for other processes. */
const queues = new Map<string, Promise<unknown>>();

/**
 * Runs `run` while holding the lock `<path>.lock` against other callers in this and every other
 * process (proper-lockfile: a folder whose time is renewed, so that it dies with its holder).
 * Not re-entrant.
 */
export async function withFileLock<T>(
  path: string,
  run: (lock: HeldLock) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const before = queues.get(path) ?? Promise.resolve();
  const turn = before.then(() => lockAndRun(path, run, signal));
  const settled = turn.catch(() => undefined);
  queues.set(path, settled);
  try {
    return await turn;
  } finally {
    if (queues.get(path) === settled) queues.delete(path);
  }
}

async function lockAndRun<T>(
  path: string,
  run: (lock: HeldLock) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  let lost: Error | undefined;
  const release = await acquire(path, signal, (error) => {
    lost = error;
  });
  try {
    return await run({
      assertHeld() {
        if (lost === undefined) return;
        throw berthError('Unexpected', `${path}.lock: lost while held: ${lost.message}; try again`);
      },
    });
  } finally {
    // A lock that was lost belongs to somebody else by now.
    if (lost === undefined) await release().catch(() => undefined);
  }
}

async function acquire(
  path: string,
  signal: AbortSignal | undefined,
  onCompromised: (error: Error) => void,
): Promise<() => Promise<void>> {
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await lock(path, { realpath: false, stale: staleMs, update: 1_000, onCompromised });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
    }
    await delay(pollMs, undefined, { signal });
  }
}
