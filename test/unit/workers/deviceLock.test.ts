import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPaths } from '../../../activities/platform/paths.ts';
import { tryDeviceLock } from '../../../workers/devices/deviceLock.ts';
import { identifySelf } from '../../../workers/supervisor/procfs.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-device-lock-'));
});
afterEach(() => rm(root, { recursive: true }));

const device = (kind: string) => ({
  deviceId: `${kind}-device`,
  kind,
  label: `${kind}0`,
  model: 'm',
  taskQueue: 'q',
  cores: null,
  numaNode: null,
  memoryBytes: 0,
});
/** Takes the device for a stack with a home of its own. */
const claim = (home: string, kind: string) =>
  tryDeviceLock(
    createPaths(join(root, home), join(root, 'shm')),
    device(kind),
    join(root, 'locks'),
  );

test('a GPU is taken once on the machine, whatever the BERTH_HOME', async () => {
  const first = await claim('a', 'cuda');
  if (!('lock' in first)) throw new Error('expected the lock');
  expect(await claim('b', 'cuda')).toEqual({ holder: identifySelf() });
  await first.lock.release();
  expect(await claim('b', 'cuda')).toHaveProperty('lock');
});

test('CPU devices belong to their BERTH_HOME', async () => {
  expect(await claim('a', 'cpu')).toHaveProperty('lock');
  expect(await claim('b', 'cpu')).toHaveProperty('lock');
  expect(await claim('a', 'cpu')).toHaveProperty('holder');
});
