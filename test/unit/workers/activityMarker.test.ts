import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deviceLastActive } from '../../../activities/devices/deviceActivity.ts';
import { createPaths, type Paths } from '../../../activities/platform/paths.ts';
import { createActivityMarker } from '../../../workers/devices/activityMarker.ts';

let paths: Paths;
beforeEach(async () => {
  const home = await mkdtemp(join(tmpdir(), 'berth-marker-'));
  paths = createPaths(home, join(home, 'shm'));
});
afterEach(() => rm(paths.home, { recursive: true }));

/** Runs `activity` as the worker would, inside the marker. */
function execute(activity: () => Promise<unknown>) {
  const { inbound } = createActivityMarker(paths, 'h.cpu0')({} as never);
  return inbound?.execute?.({ args: [], headers: {} }, activity);
}

test('a device is marked before an activity begins and after it ended, also when it fails', async () => {
  expect(await deviceLastActive(paths, 'h.cpu0')).toBe(0);
  const startedAt = Date.now();
  let during = 0;
  const failing = execute(async () => {
    during = await deviceLastActive(paths, 'h.cpu0');
    throw new Error('out of memory');
  });
  await expect(failing).rejects.toThrow('out of memory');
  expect(during).toBeGreaterThanOrEqual(startedAt);
  expect(await deviceLastActive(paths, 'h.cpu0')).toBeGreaterThanOrEqual(during);
});

test('a mark that cannot be written does not fail the work', async () => {
  // A file stands where the device's folder should be.
  await writeFile(join(paths.home, 'devices'), '');
  expect(await execute(async () => 'done')).toBe('done');
});
