import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { SetupError } from './setupError.mjs';

// flock(2) belongs to the open file, which the child shares: it ends when this process and every
// child that inherits the descriptor are gone, so a killed set-up leaves no stale lock, and one
// whose installer still runs keeps the next one out.
const script = 'import fcntl, sys; fcntl.flock(3, fcntl.LOCK_EX | int(sys.argv[1]))';
const nonBlocking = '4';

/**
 * Holds an exclusive lock while `work` runs; waits for whoever has it.
 * @template T
 * @param {{path: string, python: string, waiting: () => void}} lock `waiting` is told once
 * @param {(descriptor: number) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock({ path, python, waiting }, work) {
  mkdirSync(dirname(path), { recursive: true });
  const descriptor = openSync(path, 'a');
  const take = (mode) =>
    spawnSync(python, ['-c', script, mode], { stdio: ['ignore', 'ignore', 'pipe', descriptor] });
  try {
    if (take(nonBlocking).status !== 0) {
      waiting();
      const taken = take('0');
      if (taken.status !== 0) throw new SetupError([`cannot lock ${path}: ${taken.stderr}`]);
    }
    return await work(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
