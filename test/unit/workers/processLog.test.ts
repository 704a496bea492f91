import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPaths, type Paths } from '../../../activities/platform/paths.ts';
import {
  currentLogFile,
  listLogs,
  openProcessLog,
} from '../../../workers/supervisor/processLog.ts';

let paths: Paths;
beforeEach(async () => {
  const home = await mkdtemp(join(tmpdir(), 'berth-logs-'));
  paths = createPaths(home, join(home, 'shm'));
});
afterEach(() => rm(paths.home, { recursive: true }));

test('a log is kept over restarts, readable by its owner only, and found by name', async () => {
  for (const line of ['first run\n', 'second run\n']) {
    const log = await openProcessLog(paths, 'device-cpu0');
    log.write(line);
    await log.close();
  }
  const current = currentLogFile(paths, 'device-cpu0');
  expect(await readFile(current, 'utf8')).toBe('first run\nsecond run\n');
  expect((await stat(current)).mode & 0o777).toBe(0o600);
  expect(await listLogs(paths)).toEqual(['device-cpu0']);
});

test('a log is rotated at 10 MB and five older files are kept', async () => {
  const log = await openProcessLog(paths, 'host');
  const line = `${'x'.repeat(1024 * 1024 - 1)}\n`;
  // Rotation happens between two turns of the event loop.
  for (let megabyte = 0; megabyte < 90; megabyte += 1) {
    log.write(line);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await log.close();
  const files = (await readdir(join(paths.logs, 'host'))).filter((name) => name !== 'current.log');
  expect(files.length).toBeGreaterThan(1);
  expect(files.length).toBeLessThanOrEqual(6);
  expect(files).not.toContain('host.1.log');
  for (const file of files) {
    expect((await stat(join(paths.logs, 'host', file))).size).toBeLessThanOrEqual(11 * 1024 ** 2);
  }
});

test('what is written after the end is dropped', async () => {
  const log = await openProcessLog(paths, 'host');
  await log.close();
  log.write('too late\n');
  expect(await readFile(currentLogFile(paths, 'host'), 'utf8')).toBe('');
});
