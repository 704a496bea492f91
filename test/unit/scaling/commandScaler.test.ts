import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { createCommandScaler } from '../../../workers/scaling/commandScaler.ts';
import { openParkedDevices } from '../../../workers/scaling/parkedDevices.ts';
import { createPoolInMemory } from '../../support/scaling/poolInMemory.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth scaling $(x) '));
  onTestFinished(() => rm(folder, { recursive: true }));
});

async function rig(script: string, timeoutMs?: number) {
  const path = join(folder, 'scale.sh');
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o700);
  const pool = createPoolInMemory(3);
  const scaler = createCommandScaler({
    path,
    pool: pool.client,
    parked: await openParkedDevices(join(folder, 'parked.json')),
    env: { PATH: process.env.PATH, OUT: join(folder, 'calls') },
    timeoutMs,
    logger: pino({ level: 'silent' }),
  });
  const calls = () => readFile(join(folder, 'calls'), 'utf8').catch(() => '');
  return { pool, scaler, calls };
}

const note = 'echo "$1 $BERTH_WANTED [$BERTH_DRAINED]" >> "$OUT"';

test('more: the command is told how many', async () => {
  const { pool, scaler, calls } = await rig(note);
  expect(await scaler.current()).toBe(3);
  await scaler.scaleTo(5);
  expect(await calls()).toBe('5 5 []\n');
  pool.has(5);
  await scaler.scaleTo(5);
  expect(await calls()).toBe('5 5 []\n');
  expect(await scaler.current()).toBe(5);
});

test('fewer: drained first, and told once nobody holds them', async () => {
  const { pool, scaler, calls } = await rig(note);
  pool.ask('a', 'b', 'c');
  await scaler.scaleTo(1);
  await scaler.scaleTo(1);
  expect(await calls()).toBe('');
  pool.release('b');
  await scaler.scaleTo(1);
  const [, gone] = /^2 2 \[(h\.gpu\d)\]\n$/.exec(await calls()) ?? [];
  expect(gone).toBeDefined();
  pool.release('a');
  pool.release('c');
  await scaler.scaleTo(1);
  expect((await calls()).split('\n').at(-2)).toMatch(/^1 1 \[h\.gpu\d,h\.gpu\d\]$/);
});

test('drained ones come back before more are asked for', async () => {
  const { pool, scaler, calls } = await rig(note);
  pool.ask('a', 'b', 'c');
  await scaler.scaleTo(2);
  await scaler.scaleTo(3);
  expect(await calls()).toBe('');
  expect(await scaler.current()).toBe(3);
});

test('what it drained is drained again where the pool was started anew', async () => {
  const { pool, scaler, calls } = await rig(note);
  await scaler.scaleTo(2);
  await scaler.scaleTo(2);
  const before = await calls();
  const [, gone = ''] = /\[(h\.gpu\d)\]/.exec(before) ?? [];
  await pool.client.undrain(gone);
  await scaler.scaleTo(2);
  await scaler.scaleTo(2);
  expect((await calls()).slice(before.length)).toBe(`2 2 [${gone}]\n`);
  const { devices } = await pool.client.describe();
  expect(devices.find(({ deviceId }) => deviceId === gone)?.state).toBe('draining');
});

test('a command that fails, hangs or is absent is said, with its last line', async () => {
  const failing = await rig('echo one; echo quota exceeded >&2; exit 3');
  await expect(failing.scaler.scaleTo(4)).rejects.toMatchObject({
    type: 'StackUnavailable',
    message: expect.stringMatching(
      /scale\.sh 4 ended with 3: quota exceeded; expected exit code 0/,
    ),
  });
  const hanging = await rig('exec sleep 60', 100);
  await expect(hanging.scaler.scaleTo(4)).rejects.toThrow(/did not end within 0\.1 s/);
  const absent = await rig(note);
  await rm(join(folder, 'scale.sh'));
  await expect(absent.scaler.scaleTo(4)).rejects.toThrow(/scale\.sh 4 ended with .*ENOENT/);
});
