import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockHolder, tryProcessLock } from '../../../workers/supervisor/processLock.ts';
import { identifyProcess, identifySelf, isAlive } from '../../../workers/supervisor/procfs.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true }));

test('the second is told who holds it; after release the next gets it', async () => {
  const first = await tryProcessLock(path);
  if (!('lock' in first)) throw new Error('expected the lock');
  expect(await tryProcessLock(path)).toEqual({ holder: identifySelf() });
  expect(await lockHolder(path)).toEqual(identifySelf());
  await first.lock.release();
  expect(await lockHolder(path)).toBeUndefined();
  expect(await tryProcessLock(path)).toHaveProperty('lock');
});

test('the lock of a dead process, or of another one under its pid, is taken over', async () => {
  const child = spawn('sleep', ['60']);
  const identity = identifyProcess(child.pid ?? 0);
  if (identity === undefined) throw new Error('no such process');
  await writeFile(path, JSON.stringify(identity));
  expect(await tryProcessLock(path)).toEqual({ holder: identity });
  await writeFile(path, JSON.stringify({ ...identity, startTime: identity.startTime - 1 }));
  const taken = await tryProcessLock(path);
  if (!('lock' in taken)) throw new Error('expected the lock');
  await taken.lock.release();

  await writeFile(path, JSON.stringify(identity));
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isAlive(identity)).toBe(false);
  expect(await tryProcessLock(path)).toHaveProperty('lock');
});

test('a damaged lock file is taken over', async () => {
  await writeFile(path, '{"pid":');
  expect(await tryProcessLock(path)).toHaveProperty('lock');
});

test('of many at once exactly one gets it, also over a stale file, and nothing is left', async () => {
  await writeFile(path, JSON.stringify({ pid: 1, startTime: -1, bootId: 'before' }));
  const attempts = await Promise.all(Array.from({ length: 20 }, () => tryProcessLock(path)));
  expect(attempts.filter((attempt) => 'lock' in attempt)).toHaveLength(1);
  expect(await readdir(folder)).toEqual(['lock']);
});

test('release leaves a lock alone that somebody else has by now', async () => {
  const attempt = await tryProcessLock(path);
  if (!('lock' in attempt)) throw new Error('expected the lock');
  await writeFile(path, 'theirs');
  await attempt.lock.release();
  expect(await readFile(path, 'utf8')).toBe('theirs');
});
