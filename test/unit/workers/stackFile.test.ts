import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPaths, type Paths } from '../../../activities/platform/paths.ts';
import { identifySelf } from '../../../workers/supervisor/procfs.ts';
import { readStack, requireStack, waitUntilReady } from '../../../workers/supervisor/stack.ts';
import {
  createStackWriter,
  readStackFile,
  type StackFile,
} from '../../../workers/supervisor/stackFile.ts';

let paths: Paths;
beforeEach(async () => {
  const home = await mkdtemp(join(tmpdir(), 'berth-stack-file-'));
  paths = createPaths(home, join(home, 'shm'));
});
afterEach(() => rm(paths.home, { recursive: true }));

const stack = (part: Partial<StackFile> = {}): StackFile => ({
  supervisor: identifySelf(),
  state: 'starting',
  hostId: 'h',
  startedAt: '2026-01-01T00:00:00.000Z',
  temporal: null,
  chroma: null,
  commandSocket: null,
  processes: [],
  skippedDevices: [],
  ...part,
});

test('every write ends with the state of its call, or a later one, on disk', async () => {
  let hostId = '';
  const write = createStackWriter(paths, () => stack({ hostId }));
  const writes = Array.from({ length: 20 }, async (_, index) => {
    hostId = String(index);
    await write();
    expect(Number((await readStackFile(paths))?.hostId)).toBeGreaterThanOrEqual(index);
  });
  await Promise.all(writes);
  expect((await readStackFile(paths))?.hostId).toBe('19');
  expect(await readdir(paths.run)).toEqual(['stack.json']);
});

test('the file of a supervisor that is gone is no running stack', async () => {
  const gone = { ...identifySelf(), startTime: 1 };
  await createStackWriter(paths, () => stack({ supervisor: gone, state: 'ready' }))();
  expect(await readStack(paths)).toBeUndefined();
  await expect(requireStack(paths)).rejects.toMatchObject({ type: 'StackUnavailable' });
});

test('waiting ends when the stack is ready and nothing of it is being restarted', async () => {
  let now = stack();
  const write = createStackWriter(paths, () => now);
  await write();
  const ready = waitUntilReady(paths);
  now = stack({ state: 'ready' });
  await write();
  expect(await ready).toEqual(now);
});

test('waiting for a stack that never comes is an error', async () => {
  await expect(waitUntilReady(paths, 20)).rejects.toMatchObject({ type: 'StackUnavailable' });
});
