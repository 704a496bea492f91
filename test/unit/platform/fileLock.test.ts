import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { withFileLock } from '../../../activities/platform/fileLock.ts';
import { packageRoot } from '../../../activities/platform/packageRoot.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const folder = temporaryFolder('lock');

test('gives turns in the order of asking, and goes on after a failure', async () => {
  const order: number[] = [];
  const turns = [1, 2, 3].map((turn) =>
    withFileLock(join(folder, 'turns'), async () => {
      await new Promise(setImmediate);
      order.push(turn);
      if (turn === 2) throw new Error('failed inside');
      return turn;
    }),
  );
  const ended = await Promise.allSettled(turns);
  expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(order).toEqual([1, 2, 3]);
});

test('different locks do not wait for each other', async () => {
  const inner = () => withFileLock(join(folder, 'inner'), async () => 'inner');
  await expect(withFileLock(join(folder, 'outer'), inner)).resolves.toBe('inner');
});

/** A process that holds the lock until it is killed. */
async function holdElsewhere(path: string) {
  const script = `
    import lockfile from 'proper-lockfile';
    await lockfile.lock(process.argv[1], { realpath: false, stale: 5000, update: 1000 });
    console.log('held');
    process.stdin.resume();
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, path], {
    cwd: packageRoot(),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(createInterface({ input: child.stdout }), 'line');
  return child;
}

test('waits for another process, can be called off, and takes over when that one is killed', async () => {
  const path = join(folder, 'elsewhere');
  const holder = await holdElsewhere(path);
  const waiting = new AbortController();
  const calledOff = withFileLock(path, async () => 'never', waiting.signal);
  const next = withFileLock(path, async () => 'taken over');
  waiting.abort();
  await expect(calledOff).rejects.toThrow(/abort/i);
  const exited = once(holder, 'exit');
  holder.kill('SIGKILL');
  await exited;
  await expect(next).resolves.toBe('taken over');
});
